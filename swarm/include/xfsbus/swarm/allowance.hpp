#pragma once

#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace xfsbus::swarm {

/// So many a second of something; what is not used within a second is lost. A value.
struct Allowance {
    std::size_t left = 0;
    wire::Time since{};

    void refill(wire::Time now, std::size_t per_second) {
        constexpr wire::Duration most = std::chrono::seconds(1);
        auto const passed = std::min(now - since, most);
        auto const gained = static_cast<std::size_t>(passed.count()) * per_second /
                            static_cast<std::size_t>(most.count());
        if (gained > 0) {  // else it adds up until it is a whole one
            left = std::min(left + gained, per_second);
            since = now;
        }
    }
};

}  // namespace xfsbus::swarm
