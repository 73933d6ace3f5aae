#pragma once

#include "swarm.hpp"

#include <map>
#include <string>

namespace xfsbus::test {

inline constexpr auto const* accepts = "--accept-push";

/// The states of the targets, by their ports.
inline std::map<int, std::string> states_of(Json const& report) {
    std::map<int, std::string> states;
    for (auto const& target : report.at("targets")) {
        states[target.at("port")] = target.at("state");
    }
    return states;
}

}  // namespace xfsbus::test
