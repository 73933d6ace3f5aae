#pragma once

#include <xfsbus/policies/abi.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

/// What the numbers of abi.h are called wherever people or programs read them.
namespace xfsbus::policies {

/// Of XFSBUS_PURPOSE_....
constexpr std::string_view purpose_word(std::uint32_t purpose) {
    constexpr std::array<std::string_view, XFSBUS_PURPOSES> words = {
        "request", "duplicate", "admit", "rank", "replace", "window", "total"};
    return purpose < words.size() ? words.at(purpose) : "unknown";
}

/// Of the flags XFSBUS_SOURCE_....
inline constexpr std::array<std::pair<std::uint32_t, std::string_view>, 6> source_flag_words = {
    {{XFSBUS_SOURCE_IN_USE, "in_use"},
     {XFSBUS_SOURCE_ANSWERABLE, "answerable"},
     {XFSBUS_SOURCE_HAS_CHUNK, "has_chunk"},
     {XFSBUS_SOURCE_HAS_ROOM, "has_room"},
     {XFSBUS_SOURCE_SOLE_HOLDER, "sole_holder"},
     {XFSBUS_SOURCE_LEAVING, "leaving"}}};

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
