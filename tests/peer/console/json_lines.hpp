#pragma once

#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace xfsbus::test {

/// The lines of what was printed, each of which is an object.
inline std::vector<nlohmann::json> objects_in(std::ostringstream const& printed) {
    std::vector<nlohmann::json> all;
    std::istringstream lines(printed.str());
    for (std::string line; std::getline(lines, line);) {
        all.push_back(nlohmann::json::parse(line));
    }
    return all;
}

}  // namespace xfsbus::test
