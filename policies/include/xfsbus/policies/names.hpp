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

}  // namespace xfsbus::policies
