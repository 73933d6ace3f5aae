#pragma once

#include "storage/sight.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/swarm/indexed_file.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <sys/types.h>

namespace xfsbus::peer::storage {

/// Reads what is verified of a file on its way, to pass it on; see PartFile::reader(). Has a
/// descriptor of its own: it outlives the PartFile, and when the file has its final name, it goes
/// on reading that file. Thread-safe.
class PartReader {
  public:
    /// Takes a descriptor that is open for reading only, so that closing it tells no watcher of
    /// the directory that the file was written.
    explicit PartReader(files::Fd fd) : fd_(std::move(fd)) {}

    /// Fills the buffer from this offset; false if it cannot. Chunks that are not stored yet read
    /// as any bytes: whoever asks knows which are.
    [[nodiscard]] bool read(std::span<std::byte> buffer, std::uint64_t offset) const {
        return files::read_whole(fd_.get(), buffer, offset);
    }

    /// Gives a socket that does not block what it takes of so many bytes from this offset, without
    /// copying them here; as sendfile(2).
    [[nodiscard]] ssize_t send(int socket, std::uint64_t offset, std::size_t bytes) const {
        auto from = static_cast<off_t>(offset);
        return files::sendfile(socket, fd_.get(), &from, bytes);
    }

    /// What the file is now: whoever reads it after it has its name sees by that whether somebody
    /// has changed it.
    [[nodiscard]] std::optional<swarm::FileStamp> stamp() const { return stamp_of(fd_.get()); }

  private:
    files::Fd fd_;
};

}  // namespace xfsbus::peer::storage
