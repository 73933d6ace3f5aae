#pragma once

#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::peer {

/// Bytes that a program has or makes, and publishes by Peer::publish. They never change.
///
/// Its methods are called on threads of the peer, and on those that read the file with a Reader of
/// the same peer, by several at once: it guards itself. What they throw is an error as well. A call
/// to a Peer that would wait is refused there (Errc::usage).
class XFSBUS_API BlockSource {
  public:
    BlockSource() = default;
    virtual ~BlockSource() = default;
    BlockSource(BlockSource const&) = delete;
    BlockSource& operator=(BlockSource const&) = delete;

    /// Of all bytes. Asked once, by the thread that publishes.
    [[nodiscard]] virtual std::uint64_t size() const = 0;

    /// Fills `into` with the bytes from `offset` on: at most 4 MiB, and always within size(). To
    /// be sent, one read at a time is under way, and one that does not return holds up all that
    /// the program publishes as memory or as a BlockSource, and nothing else; `~Peer` waits for it.
    ///
    /// After an Error whoever fetches the file is told that it cannot be had here now; the file
    /// stays published, and is read again for whoever asks next. The Error is logged.
    [[nodiscard]] virtual Status read(std::uint64_t offset, std::span<std::byte> into) = 0;
};

/// Bytes in memory, which nobody may change as long as `owner` has an owner.
struct OwnedBytes {
    std::span<std::byte const> bytes;
    /// Let go, perhaps on a thread of the peer, when the peer does not read the bytes any more.
    /// Null: they stay by themselves.
    std::shared_ptr<void const> owner;
};

/// Takes them over.
inline OwnedBytes owned(std::vector<std::byte> bytes) {
    auto const owner = std::make_shared<std::vector<std::byte> const>(std::move(bytes));
    return {*owner, owner};
}

inline OwnedBytes owned(std::string bytes) {
    auto const owner = std::make_shared<std::string const>(std::move(bytes));
    return {std::as_bytes(std::span(*owner)), owner};
}

/// What is to be shared although it does not stand in the directory, if there is one.
struct PublishRequest {
    /// Under which others find it: as that of a file, relative and with '/'.
    std::string name = {};
    /// Bytes in memory; a file that stands elsewhere; or what the program reads by itself, whose
    /// last owner may be a thread of the peer. A path is taken from the working directory of now,
    /// and links in it are followed each time that it is read.
    std::variant<OwnedBytes, std::filesystem::path, std::shared_ptr<BlockSource>> what = {};
    /// Published::manifest of an earlier time: nothing is read now. What is sent is not compared
    /// with it, here: whoever fetches does that, and what does not fit is thrown away there, and
    /// read again here. Empty: all is read and hashed first.
    std::string manifest = {};
};

/// What was published.
struct Published {
    std::string name;
    std::string content;     ///< content id in hex
    std::uint64_t size = 0;  ///< in bytes
    /// What describes the content: canonical bytes, 32 for each chunk with most hashes. Kept by
    /// the program it spares the reading when the same is published again, by any peer.
    std::string manifest;
};

}  // namespace xfsbus::peer
