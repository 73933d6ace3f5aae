#pragma once

#include "catalogue.hpp"

#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace xfsbus::tracker {

/// Which versions of names have changed of late, in the order of their last change: each stands
/// here once, however often it changes. Bounded: the oldest are forgotten. One thread.
class ChangeLog {
  public:
    /// What a change takes beside its name.
    static constexpr std::size_t overhead = 224;

    explicit ChangeLog(std::size_t bytes_most) : bytes_most_(bytes_most) {}

    /// From now on changes are noted: before somebody asks that costs nothing.
    void begin() { begun_ = true; }

    /// What is told of this version is another thing now.
    void note(std::string const& name, wire::ContentId const& content);

    /// The number of the last change; 0: there was none.
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

    /// Whether all changes behind this one are here.
    [[nodiscard]] bool reaches(std::uint64_t sequence) const {
        return forgotten_ <= sequence && sequence <= sequence_;
    }

    /// The first one behind `sequence`, which becomes its number; nullptr: there is none. As long
    /// as nothing is noted.
    [[nodiscard]] Position const* next(std::uint64_t& sequence) const;

  private:
    using Latest = std::map<Position, std::uint64_t, ByName>;

    void forget_oldest();

    std::size_t bytes_most_;
    std::size_t bytes_ = 0;
    bool begun_ = false;
    std::uint64_t sequence_ = 0;
    std::uint64_t forgotten_ = 0;  ///< the number of the last one that is not here any more
    Latest latest_;
    std::map<std::uint64_t, Latest::iterator> in_order_;
};

}  // namespace xfsbus::tracker
