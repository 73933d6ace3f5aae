#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xfsbus::wire {

/// An identifier of N opaque bytes. The tag keeps one kind from being used as another.
template <typename Tag, std::size_t N>
struct Id {
    static constexpr std::size_t size = N;
    std::array<std::uint8_t, N> bytes{};

    friend auto operator<=>(Id const&, Id const&) = default;

    [[nodiscard]] std::string_view view() const {
        return {reinterpret_cast<char const*>(bytes.data()), N};
    }

    /// The first N of the given bytes; nullopt if there are fewer.
    static std::optional<Id> from(std::string_view data) {
        if (data.size() < N) {
            return std::nullopt;
        }
        Id id;
        std::memcpy(id.bytes.data(), data.data(), N);
        return id;
    }
};

/// One life of a peer, chosen at random when it starts.
using PeerId = Id<struct PeerIdTag, 16>;
/// A file's version: the first 32 bytes of the hash of its manifest.
using ContentId = Id<struct ContentIdTag, 32>;
/// One file's way from one source to one sink. Chosen at random by the sink and known to the two
/// alone, so that nobody else can put chunks into the transfer.
using TransferId = Id<struct TransferIdTag, 16>;

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

template <typename Tag, std::size_t N>
std::string to_hex(Id<Tag, N> const& id) {
    return to_hex(id.view());
}

/// The bytes; nullopt unless every pair is hexadecimal.
std::optional<std::string> from_hex(std::string_view hex);

}  // namespace xfsbus::wire

template <typename Tag, std::size_t N>
struct std::hash<xfsbus::wire::Id<Tag, N>> {
    std::size_t operator()(xfsbus::wire::Id<Tag, N> const& id) const noexcept {
        return std::hash<std::string_view>{}(id.view());
    }
};
