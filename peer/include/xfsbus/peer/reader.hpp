#pragma once

#include <xfsbus/peer/job.hpp>
#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace xfsbus::peer {

namespace runtime {
class OpenFile;
}

/// How a file is opened for reading, and fetched if it is not here.
struct OpenOptions {
    bool force = false;       ///< as DownloadRequest's
    bool repair = false;      ///< the same
    std::size_t sources = 0;  ///< the same
    /// The same: so long it is waited for the tracker and for sources before it fails.
    std::chrono::milliseconds wait{0};
    /// At which it is read, for the order of chunks; 0: nobody knows.
    std::uint64_t bytes_per_second = 0;
    /// The download goes on when the last Reader of the file is gone; else it is cancelled then,
    /// and what was fetched is kept for the next try.
    bool keep = false;
};

/// A file that is read while it comes, or that is here already; Peer::open makes it. Only bytes
/// that are verified and on disk are read. All Readers of one name share one download. A handle:
/// copies mean the same. May outlive the Peer, after whose end reads fail with Errc::ended. Any
/// thread; several may read at once.
class XFSBUS_API Reader {
  public:
    /// For a Peer.
    XFSBUS_INTERNAL explicit Reader(std::shared_ptr<runtime::OpenFile> file);

    /// Below the directory of the peer.
    [[nodiscard]] std::string const& name() const;
    /// Content id in hex: the same bytes have the same.
    [[nodiscard]] std::string const& content() const;
    [[nodiscard]] std::uint64_t size() const;

    /// Waits until the byte at `offset` is here, then reads it and what follows and is here, too:
    /// at least one byte, and as many as fit into `buffer`. 0: there is nothing at `offset`, since
    /// the file ends before, or the buffer is empty.
    ///
    /// What is waited for is fetched before all else, and then what follows it, 32 MiB in the order
    /// of the file, whatever the chunk order says; with several Readers, for whoever has waited
    /// longest. What comes at once after what was read last costs no more than a read of the disk.
    ///
    /// Errc::timeout, Errc::interrupted: as `wait` says; it may be tried again. Errc::integrity:
    /// the file here was changed after it was verified, or another version of it is fetched now:
    /// open it again. Else why the download has failed (Errc::network if its sources went away).
    /// Refused with Errc::usage within a callback of a peer.
    [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> buffer,
                                           Wait const& wait = {}) const;

    /// For the door: gives a socket that does not block what it takes at once of the next `most`
    /// bytes from `offset` on, waiting for the first of them as read() does, but not for room in
    /// the socket. The bytes are not copied here. How many were taken; 0: there is no room.
    ///
    /// nullopt: they have to be read. So it is once the file has its name, as only a read is
    /// followed by a look whether somebody has changed it. Errors as those of read(), and
    /// Errc::network: the connection is broken. The calling thread must not be sent SIGPIPE.
    XFSBUS_INTERNAL [[nodiscard]] Result<std::optional<std::size_t>> send(int socket,
                                                                          std::uint64_t offset,
                                                                          std::uint64_t most,
                                                                          Wait const& wait) const;

    /// Waits until the whole file is here and has its name, so that it is one of this peer's and a
    /// Reader that goes ends nothing any more. Errors as those of read().
    [[nodiscard]] Status wait_until_whole(Wait const& wait = {}) const;

  private:
    std::shared_ptr<runtime::OpenFile> file_;
};

}  // namespace xfsbus::peer
