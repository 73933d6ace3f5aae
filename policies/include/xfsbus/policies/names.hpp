#pragma once

#include <cstddef>
#include <string_view>

namespace xfsbus::policies {

/// The longest name a policy may have.
inline constexpr std::size_t max_policy_name = 32;

/// Whether a name is 1 to 32 of [a-z0-9-]: what a policy may be called. Such a name cannot lead
/// out of a directory, so that a name that came over the network may be looked up.
constexpr bool is_policy_name(std::string_view name) {
    for (char const c : name) {
        bool const good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!good) {
            return false;
        }
    }
    return !name.empty() && name.size() <= max_policy_name;
}

/// The longest name a parameter may have.
inline constexpr std::size_t max_parameter_name = 64;

/// What parameters' names are made of: [A-Za-z0-9_-].
constexpr bool is_parameter_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/// Whether a name is 1 to 64 of these: one that a user can give.
constexpr bool is_parameter_name(std::string_view name) {
    for (char const c : name) {
        if (!is_parameter_character(c)) {
            return false;
        }
    }
    return !name.empty() && name.size() <= max_parameter_name;
}

}  // namespace xfsbus::policies
