#pragma once

#include <string>
#include <utility>

/// What all traces have in common as they are written; docs/POLICIES.md describes them. Json: an
/// ordered JSON value, as of nlohmann-json.
namespace xfsbus::trace {

inline constexpr int format = 1;

/// Figures that are nought most of the time are left out then.
template <typename Json, typename Number>
void put_if_any(Json& object, char const* name, Number value) {
    if (value != Number{}) {
        object[name] = value;
    }
}

/// A policy, with what tells it from all others. Parameters: pairs of names and values.
template <typename Json, typename Parameters>
Json policy_words(std::string const& name, std::string const& version, std::string const& sha256,
                  Parameters const& parameters) {
    Json values = Json::object();
    for (auto const& [parameter, value] : parameters) {
        values[parameter] = value;
    }
    return {{"name", name},
            {"version", version},
            {"sha256", sha256},
            {"parameters", std::move(values)}};
}

/// One record. Names are UTF-8; what is not is replaced.
template <typename Json>
std::string line_of(Json const& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace xfsbus::trace
