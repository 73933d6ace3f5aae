#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What the readers of both kinds of traces, of peers and of trackers, have in common.
namespace xfsbus::console {

using TraceRecord = nlohmann::json;

constexpr int trace_format_known = 1;

inline std::uint64_t field_number(TraceRecord const& record, char const* field) {
    return record.value(field, std::uint64_t{0});
}

inline std::string field_text(TraceRecord const& record, char const* field) {
    return record.value(field, std::string());
}

/// "loadlatency 1.0 (load_weight = 20)".
inline std::string policy_in_words(TraceRecord const& policy) {
    auto const version = field_text(policy, "version");
    auto words = field_text(policy, "name") + (version.empty() ? "" : " ") + version;
    std::string parameters;
    for (auto const& [name, value] : policy.at("parameters").items()) {
        parameters += (parameters.empty() ? "" : ", ") + name + " = " + value.get<std::string>();
    }
    return parameters.empty() ? words : words + " (" + parameters + ")";
}

/// Keeps the name with those that a trace is about: each once, and not too many to be told.
inline void keep_name(std::string const& name, std::vector<std::string>& names) {
    constexpr std::size_t names_most = 20;
    if (names.size() < names_most && std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
    }
}

}  // namespace xfsbus::console
