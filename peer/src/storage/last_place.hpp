#pragma once

#include "storage/tree.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::peer::storage {

/// The directory that a download walked to last, so that of many small files in one directory not
/// each walks there. Good for a moment only: it may be moved, or swapped for a link. Thread-safe.
class LastPlace {
  public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr auto lasts = std::chrono::milliseconds(100);

    /// As Tree::place says, or said a moment ago of another name in the same directory. The root is
    /// compared with its path in any case. `tree` is the same each time.
    [[nodiscard]] Result<Place> place(Tree const& tree, std::string_view name, Tree::Make make,
                                      Time now = std::chrono::steady_clock::now());

  private:
    struct Walked {
        std::string directory;
        Place place;
    };

    [[nodiscard]] std::optional<Place> known(Tree const& tree, std::string_view directory,
                                             Time now) const;

    mutable std::mutex mutex_;
    std::optional<Walked> last_;
};

}  // namespace xfsbus::peer::storage
