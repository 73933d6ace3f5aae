#pragma once

#include "index/hash_file.hpp"
#include "index/read_outcome.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace xfsbus::peer::index {

/// Where the bytes of a published file are. Any thread; several may read at once.
class PublishedBytes {
  public:
    PublishedBytes() = default;
    virtual ~PublishedBytes();
    PublishedBytes(PublishedBytes const&) = delete;
    PublishedBytes& operator=(PublishedBytes const&) = delete;

    /// What they are now. errno says why there are none.
    [[nodiscard]] virtual Result<swarm::FileStamp> stamp() const = 0;

    /// Fills the buffer from this offset, if they still are as the stamp says.
    [[nodiscard]] virtual ReadOutcome read(swarm::FileStamp const& stamp,
                                           std::span<std::byte> buffer,
                                           std::uint64_t offset) const = 0;

    /// Reads all of them. `hasher` is of the caller's.
    [[nodiscard]] virtual HashOutcome describe(
        std::shared_ptr<policies::HashAlgorithm const> algorithm,
        std::stop_token const& stop) const = 0;

    /// Is called when nobody has them any more, and what they were made of has been let go; on the
    /// thread that had them last. It must not throw.
    void when_gone(std::function<void()> then) const;

  private:
    mutable std::mutex mutex_;
    mutable std::vector<std::function<void()>> when_gone_;  // guarded by mutex_
};

/// A file that does not stand in the directory. It is opened for each read: what is published is
/// bounded by no number of descriptors.
class FileElsewhere final : public PublishedBytes {
  public:
    /// Absolute. Links in it are followed.
    explicit FileElsewhere(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] Result<swarm::FileStamp> stamp() const override;
    [[nodiscard]] ReadOutcome read(swarm::FileStamp const& stamp, std::span<std::byte> buffer,
                                   std::uint64_t offset) const override;
    [[nodiscard]] HashOutcome describe(std::shared_ptr<policies::HashAlgorithm const> algorithm,
                                       std::stop_token const& stop) const override;

  private:
    [[nodiscard]] files::Fd open() const;

    std::filesystem::path path_;
};

/// Bytes that the program has, or makes, and that do not change.
class ProgramBytes : public PublishedBytes {
  public:
    /// They are as new as this object.
    explicit ProgramBytes(std::uint64_t bytes);

    [[nodiscard]] Result<swarm::FileStamp> stamp() const override { return stamp_; }

    [[nodiscard]] ReadOutcome read(swarm::FileStamp const& stamp, std::span<std::byte> buffer,
                                   std::uint64_t offset) const override;
    [[nodiscard]] HashOutcome describe(std::shared_ptr<policies::HashAlgorithm const> algorithm,
                                       std::stop_token const& stop) const override;

  private:
    /// All of the buffer, which is within the bytes.
    [[nodiscard]] virtual Status fill(std::span<std::byte> buffer, std::uint64_t offset) const = 0;

    swarm::FileStamp stamp_;
};

/// Bytes in memory.
class MemoryBytes final : public ProgramBytes {
  public:
    /// `owner`: keeps the bytes.
    MemoryBytes(std::span<std::byte const> bytes, std::shared_ptr<void const> owner)
        : ProgramBytes(bytes.size()), bytes_(bytes), owner_(std::move(owner)) {}

  private:
    [[nodiscard]] Status fill(std::span<std::byte> buffer, std::uint64_t offset) const override;

    std::span<std::byte const> bytes_;
    std::shared_ptr<void const> owner_;
};

}  // namespace xfsbus::peer::index
