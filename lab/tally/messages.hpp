#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace xfsbus::lab::tally {

/// Control messages: all that peers and tracker send, other than chunks.
enum class MessageKind : std::uint8_t {
    find,      ///< of the tracker, who has the file; with its answer
    announce,  ///< to the tracker, how much of it there is
    want,
    have,
    ping,
    pong,
    close,
    refused,
};

inline constexpr std::array<std::string_view, 8> message_names = {
    "find", "announce", "want", "have", "ping", "pong", "close", "refused"};

/// How many there were of each kind.
struct Messages {
    std::array<std::uint64_t, message_names.size()> counts{};

    void add(MessageKind kind) { ++counts[static_cast<std::size_t>(kind)]; }

    Messages& operator+=(Messages const& other) {
        for (std::size_t kind = 0; kind < counts.size(); ++kind) {
            counts[kind] += other.counts[kind];
        }
        return *this;
    }

    [[nodiscard]] std::uint64_t total() const {
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    }

    friend bool operator==(Messages const&, Messages const&) = default;
};

}  // namespace xfsbus::lab::tally
