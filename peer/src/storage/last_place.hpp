#pragma once

#include "storage/tree.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::peer::storage {

/// The directory that a download walked to last, so that of many small files in one directory not
/// each walks there. Good for a moment only: it may be moved, or swapped for a link. The root is
/// good for a shorter one, within which many small files are done with. Thread-safe.
class LastPlace {
  public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr auto lasts = std::chrono::milliseconds(100);
    static constexpr auto root_lasts = std::chrono::milliseconds(1);

    /// As Tree::place says, or said a moment ago of another name in the same directory. The root is
    /// compared with its path, unless that was done within root_lasts. `tree` is the same each
    /// time.
    [[nodiscard]] Result<Place> place(Tree const& tree, std::string_view name, Tree::Make make,
                                      Time now = std::chrono::steady_clock::now());

    /// Whether the root of this place is what its path leads to, or was within root_lasts.
    [[nodiscard]] bool root_is_there(Tree const& tree, Place const& place,
                                     Time now = std::chrono::steady_clock::now());

    /// Closes its directories.
    void forget();

  private:
    struct Walked {
        std::string directory;
        Place place;
    };

    [[nodiscard]] std::optional<Place> last_in(std::string_view directory, Time now) const;

    mutable std::mutex mutex_;
    std::optional<Walked> last_;
    std::shared_ptr<files::Fd const> root_;  ///< that the path led to
    Time root_seen_{};                       ///< then
};

}  // namespace xfsbus::peer::storage
