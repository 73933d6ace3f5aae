#pragma once

#include <xfsbus/peer/policy.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer {

struct DownloadRequest {
    std::string name = {};    ///< a name, a pattern, or NAME@ID with a prefix of the content id
    std::string out = {};     ///< name to give it below the directory; empty: its own
    bool force = false;       ///< replace a different file of that name
    bool repair = false;      ///< the same, and use what of it is right, if it has the same size
    std::size_t sources = 0;  ///< 0: as in PeerOptions
    /// For so long it is waited for the tracker, for somebody who has the file, and for sources
    /// that went away, before it fails; from the last time that something came.
    std::chrono::milliseconds wait{0};
    /// Somebody reads each file while it comes, from its beginning, at so many bytes per second; 0:
    /// nobody does. See DownloadJob::play.
    std::uint64_t play_bytes_per_second = 0;
};

/// Bytes of a file, from `begin` to before `end`.
struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    friend bool operator==(ByteRange const&, ByteRange const&) = default;
};

/// A file that is being fetched, while it is.
struct FileProgress {
    static constexpr std::size_t ranges_most = 64;

    std::string name;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    double bytes_per_second = 0;  ///< over the last seconds
    std::size_t sources = 0;      ///< in use
    /// What of it is here and right, in its temporary file: the first of these parts, in order,
    /// `ranges_most` at most.
    std::vector<ByteRange> ranges = {};
};

struct DownloadProgress {
    std::string name;  ///< of the file, or the pattern when there are several
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t files_done = 0;
    std::uint64_t files_total = 0;
    double bytes_per_second = 0;        ///< over the last seconds
    std::size_t sources = 0;            ///< in use
    std::vector<FileProgress> running;  ///< the files in progress
};

enum class SourceState : std::uint8_t {
    idle,  ///< known, and not used now
    active,
    busy,     ///< it has no place for us now, and is asked again
    resting,  ///< it did not deliver, and is tried again
    lost,     ///< it is gone; it may be found again
    out,      ///< not used any more
};

/// One source's part in a download.
struct SourceStatus {
    std::string endpoint;
    std::uint64_t bytes = 0;  ///< delivered and verified
    std::uint64_t bytes_duplicate = 0;
    std::uint32_t chunks_rejected = 0;  ///< corrupt ones
    double bytes_per_second = 0;
    std::uint64_t credit_bytes = 0;       ///< that it may have on the way to us at once
    std::uint64_t outstanding_bytes = 0;  ///< asked of it and not here yet
    SourceState state = SourceState::idle;
    std::string words;  ///< the same for people: "active", "idle", or why it is not used
};

struct DownloadedFile {
    std::string name;  ///< as it stands on disk below the directory
    /// Where it is; empty: it is not there, or this peer itself publishes it (Peer::publish).
    std::filesystem::path path;
    std::string content;
    std::uint64_t size = 0;
    bool present = false;        ///< it was there already, equal; nothing was fetched
    bool changed = false;        ///< a source did not have it any more, or sent something else
    std::optional<Error> error;  ///< why it is not there
    std::uint64_t bytes_fetched = 0;
    std::uint64_t bytes_resumed = 0;    ///< found on disk, from an earlier try or to be repaired
    std::uint64_t bytes_duplicate = 0;  ///< came twice
    std::uint64_t chunks_rejected = 0;  ///< corrupt ones
    std::uint64_t chunks_surplus = 0;
    double seconds = 0;
    double seconds_waited = 0;   ///< of these, with nothing on its way
    double seconds_stalled = 0;  ///< of these, with whoever reads it waiting for what was not here
    std::vector<SourceStatus> sources;
    /// That was in use at the end; null: it failed before there was one.
    std::shared_ptr<PolicyUsed const> policy = {};
    std::shared_ptr<PolicyUsed const> chunk_order = {};
};

struct DownloadReport {
    std::vector<DownloadedFile> files;
    std::uint64_t bytes_fetched = 0;
    double seconds = 0;
    /// That was in use at the end; null: it failed before there was one.
    std::shared_ptr<PolicyUsed const> policy = {};
    std::shared_ptr<PolicyUsed const> chunk_order = {};
};

}  // namespace xfsbus::peer
