#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace xfsbus::lab::live {

/// What all processors of the machine have done since it was started, in ticks.
struct Ticks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};

/// Of the text of /proc/stat; nullopt: it is none.
std::optional<Ticks> ticks_of(std::string_view text);

/// Those of now; nullopt: the system does not tell.
std::optional<Ticks> ticks_now();

/// The share of the time between in which the processors were busy, with whatever. nullopt if it is
/// not known.
std::optional<double> busy_between(std::optional<Ticks> const& begin,
                                   std::optional<Ticks> const& end);

}  // namespace xfsbus::lab::live
