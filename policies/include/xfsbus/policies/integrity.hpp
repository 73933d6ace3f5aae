#pragma once

#include <cstddef>
#include <span>

namespace xfsbus::policies {

/// A streaming hash. One object is used by one thread; it hashes one message after another.
class Integrity {
  public:
    virtual ~Integrity() = default;

    /// Bytes of a digest, 32 to 64; constant.
    [[nodiscard]] virtual std::size_t digest_size() const = 0;

    /// Appends bytes to the current message.
    virtual void update(std::span<std::byte const> data) = 0;

    /// Writes the digest of the current message and starts the next one.
    /// digest.size() == digest_size().
    virtual void finish(std::span<std::byte> digest) = 0;
};

}  // namespace xfsbus::policies
