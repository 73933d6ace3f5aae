#pragma once

#include <xfsbus/policies/abi.h>

#include <array>
#include <cstdint>
#include <string_view>

/// What the numbers of abi.h are called wherever people or programs read them.
namespace xfsbus::policies {

/// Of XFSBUS_PURPOSE_....
constexpr std::string_view purpose_word(std::uint32_t purpose) {
    constexpr std::array<std::string_view, XFSBUS_PURPOSES> words = {
        "request", "duplicate", "admit", "rank", "replace", "window", "total"};
    return purpose < words.size() ? words.at(purpose) : "unknown";
}

/// Of XFSBUS_ANSWER_....
constexpr std::string_view answer_word(std::uint32_t action) {
    constexpr std::array<std::string_view, 5> words = {"default", "choose", "wait_for", "nobody",
                                                       "limit"};
    return action < words.size() ? words.at(action) : "unknown";
}

/// Of XFSBUS_OUTCOME_....
constexpr std::string_view outcome_word(std::uint32_t reason) {
    constexpr std::array<std::string_view, 6> words = {"delivered", "duplicate", "late",
                                                       "refused",   "lost",      "corrupt"};
    return reason < words.size() ? words.at(reason) : "unknown";
}

}  // namespace xfsbus::policies
