#pragma once

#include <xfsbus/peer/download.hpp>
#include <xfsbus/peer/policy.hpp>
#include <xfsbus/wire/counters.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// Another peer that has a file, and what choosing it would mean.
struct FoundSource {
    std::string name;
    std::string content;  ///< content id in hex
    std::uint64_t size = 0;
    std::string host;
    std::uint16_t port = 0;
    std::string labels;                ///< "key=value,...", as it describes itself
    bool self = false;                 ///< it is this peer
    std::optional<double> latency_ms;  ///< nullopt: it did not answer us
    std::optional<std::uint32_t> load;
    std::optional<double> cost;  ///< by the policy; nullopt: it does not think in costs
    double share_percent = 100;  ///< how much of the file it has
};

/// A scan of the directory.
struct UpdateSummary {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t hashed = 0;
    std::uint64_t skipped = 0;
    std::uint64_t links = 0;          ///< symbolic ones, which are not shared
    std::uint64_t ignored = 0;        ///< files and directories, not counting those below them
    std::uint64_t private_files = 0;  ///< shared, and only their owner may read them
};

/// A peer that the tracker knows.
struct KnownPeer {
    std::string host;
    std::uint16_t port = 0;
    std::uint64_t files = 0;
    std::uint32_t load = 0;
    std::uint32_t heard_ms_ago = 0;
    std::string labels;
    bool self = false;
    std::string id;  ///< in hex; another one each time that a peer is started
};

/// A file that this peer shares.
struct SharedFileInfo {
    std::string name;
    std::string content;
    std::uint64_t size = 0;
};

/// A file that the tracker knows of: one content of one name.
struct ListedFile {
    std::string name;
    std::string content;  ///< content id in hex
    std::uint64_t size = 0;
    std::uint32_t complete = 0;  ///< peers that have all of it
    std::uint32_t partial = 0;   ///< peers that have a part of it
};

/// A file that is being fetched.
struct DownloadStatus {
    std::string name;
    std::string content;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t bytes_duplicate = 0;
    std::uint64_t chunks_rejected = 0;
    double bytes_per_second = 0;
    double seconds_waited = 0;
    std::vector<SourceStatus> sources;
};

/// A file, or the part of it that is here, on its way to one sink.
struct UploadStatus {
    std::string content;
    std::string sink;         ///< where its chunks go
    std::uint64_t bytes = 0;  ///< sent
    double bytes_per_second = 0;
    std::uint64_t credit_bytes = 0;   ///< that may still be sent
    std::uint64_t queued_chunks = 0;  ///< asked for and not sent
};

struct PeerStatus {
    std::string host;  ///< as others are told
    std::uint16_t port = 0;
    std::string tracker;
    bool tracker_connected = false;  ///< registered with it, and heard of it within its lease
    std::string tracker_trouble;     ///< what it refuses, and why; escaped; empty: nothing
    std::string directory;
    UpdateSummary scan;                  ///< the last whole one; nought before
    std::vector<CounterValue> counters;  ///< all that docs/OPERATING.md lists, in that order
    std::vector<DownloadStatus> downloading;
    std::vector<UploadStatus> uploading;
    std::string policy;
    std::string chunk_order;
    std::string integrity;
    std::string upload_policy;
};

}  // namespace xfsbus::peer
