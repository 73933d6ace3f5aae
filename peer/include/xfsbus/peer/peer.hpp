#pragma once

#include <xfsbus/peer/durability.hpp>
#include <xfsbus/peer/export.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/wire/counters.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer {

using xfsbus::LogEvent;
using xfsbus::LogLevel;

struct PeerOptions {
    std::string tracker = "tcp://127.0.0.1:7470";
    /// Address to listen on, which others must be able to reach; empty: the one from which this
    /// machine reaches the tracker.
    std::string host;
    std::uint16_t port = 0;       ///< 0: a free one
    std::uint16_t data_port = 0;  ///< where chunks come in, which sources connect to; 0: a free one
    /// The directory to share; what is downloaded goes there too. Empty: nothing is shared.
    std::filesystem::path directory;
    /// Where downloads go when nothing is shared.
    std::filesystem::path download_directory = ".";
    /// Remembers hashes across restarts (SQLite). Empty: no memory.
    std::filesystem::path cache_file;
    std::string policy = "libloadlatency.so";               ///< FILE[:key=value,...]
    std::string chunk_order = "librarest.so";               ///< the same for the order of chunks
    std::string integrity = "libsha256.so";                 ///< for what this peer publishes
    std::vector<std::filesystem::path> plugin_directories;  ///< searched first
    bool strict_policy = false;          ///< a policy that fails ends the download
    std::filesystem::path latency_file;  ///< empty: latency is measured
    std::size_t sources = 24;            ///< most sources used at once for one file
    std::uint64_t upload_limit = 0;      ///< bytes per second, of all transfers; 0: none
    std::uint64_t download_limit = 0;
    std::uint64_t transfer_upload_limit = 0;    ///< to one sink of one file
    std::uint64_t transfer_download_limit = 0;  ///< of one file, from all its sources
    AcceptPush accept_push = AcceptPush::none;  ///< what other peers ask this one to fetch
    std::string labels;                         ///< "key=value,...", told to others
    Durability durability = Durability::power;  ///< of what is downloaded
    bool keep_mode = false;  ///< what is executable at the source of its manifest is so here
    bool heartbeat = true;   ///< false: silent until something is to be said
    bool watch = true;       ///< notice changes of the directory by itself
    /// Patterns of names that are not shared: of the whole name, or of one part of it. The same may
    /// stand in a file .xfsignore at the top of the directory, one a line.
    std::vector<std::string> ignore = {};
    bool default_ignores = true;  ///< nor .git, *.swp, lost+found and the like
    /// How often the directory is scanned without being asked; 0: never. nullopt: every 30 s on
    /// network file systems and where not all can be watched, else every ten minutes; never
    /// without `watch`.
    std::optional<std::chrono::milliseconds> rescan = std::nullopt;
    /// Of all random numbers that policies see, and of the ids that they know sources by: equal
    /// seeds and equal events give equal decisions. 0: a random one.
    std::uint64_t seed = 0;
    /// Called on threads of the peer, one at a time. Text from others is escaped.
    OnLog log;
    /// What is less important is not logged, and where there is much of it not even put into words.
    LogLevel log_level = LogLevel::debug;
    /// Called once, on a thread of the peer, should it be unable to go on: out of memory, or a
    /// fault of its own. Its calls then answer with this error, or with nothing, and it shares
    /// nothing any more. Must not destroy the Peer.
    std::function<void(Error const&)> on_failed = {};
};

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

struct FileProgress {
    std::string name;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    double bytes_per_second = 0;  ///< over the last seconds
    std::size_t sources = 0;      ///< in use
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

struct DownloadRequest {
    std::string name;         ///< a name, a pattern, or NAME@ID with a prefix of the content id
    std::string out;          ///< name to give it below the directory; empty: its own
    bool force = false;       ///< replace a different file of that name
    bool repair = false;      ///< the same, and use what of it is right, if it has the same size
    std::size_t sources = 0;  ///< 0: as in PeerOptions
    /// For so long it is waited for the tracker, for somebody who has the file, and for sources
    /// that went away, before it fails; from the last time that something came.
    std::chrono::milliseconds wait{0};
    std::stop_token stop;  ///< cancels; what was fetched is kept for the next try
    /// Called on the peer's thread, about ten times a second; must return soon.
    std::function<void(DownloadProgress const&)> on_progress;
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
    std::string state;                    ///< "active", "idle", or why it is not used
};

struct DownloadedFile {
    std::string name;  ///< as it stands on disk below the directory
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
    double seconds_waited = 0;  ///< of these, with nothing on its way
    std::vector<SourceStatus> sources;
};

struct DownloadReport {
    std::vector<DownloadedFile> files;
    std::uint64_t bytes_fetched = 0;
    double seconds = 0;
};

struct UpdateSummary {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t hashed = 0;
    std::uint64_t skipped = 0;
    std::uint64_t links = 0;          ///< symbolic ones, which are not shared
    std::uint64_t ignored = 0;        ///< files and directories, not counting those below them
    std::uint64_t private_files = 0;  ///< shared, and only their owner may read them
};

struct KnownPeer {
    std::string host;
    std::uint16_t port = 0;
    std::uint64_t files = 0;
    std::uint32_t load = 0;
    std::uint32_t heard_ms_ago = 0;
    std::string labels;
    bool self = false;
};

struct SharedFileInfo {
    std::string name;
    std::string content;
    std::uint64_t size = 0;
};

/// A policy in use, and what its objects have done since it was loaded.
struct PolicyInfo {
    std::string name;
    std::string version;
    std::string description;
    std::filesystem::path path;
    std::string hash;  ///< SHA-256 of the file as it was loaded, in hex
    std::vector<std::pair<std::string, std::string>> parameters;
    std::uint64_t picks = 0;      ///< decisions asked for
    std::uint64_t faults = 0;     ///< calls that failed, or whose answer was nonsense
    std::uint64_t slow = 0;       ///< calls that took too long
    std::uint64_t fallbacks = 0;  ///< decisions that the built-in default made instead
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
};

/// A member of the bus: shares a directory, finds files, fetches them. Runs threads of its own.
/// All methods may be called on any thread and block until they have an answer.
///
/// What the process does about signals is not changed. The threads of a Peer block SIGXFSZ, so that
/// a file larger than `ulimit -f` allows is an error of its download (Errc::disk); what a program
/// does about that signal, and about SIGPIPE, where it writes itself is its own affair.
class XFSBUS_API Peer {
  public:
    /// Loads the plug-ins, reads the latency file, binds, starts to share and to register. Does
    /// not wait for the tracker.
    static Result<std::unique_ptr<Peer>> start(PeerOptions options);
    /// Says good-bye to the tracker and stops.
    ~Peer();

    /// Waits until the tracker knows this peer. After `patience`, with what is wrong:
    /// Errc::tracker_unreachable, or Errc::not_authorised if it refuses this peer.
    /// Errc::interrupted if stopped.
    Status wait_for_tracker(std::chrono::milliseconds patience, std::stop_token stop = {});

    /// Waits until the first scan is over and the tracker has the list, or refuses it (see
    /// PeerStatus::tracker_trouble).
    Result<UpdateSummary> wait_until_shared(std::stop_token stop = {});

    /// Waits until the first scan is over, whatever the tracker does. Errc::timeout after
    /// `patience`.
    Result<UpdateSummary> wait_until_scanned(std::chrono::milliseconds patience,
                                             std::stop_token stop = {});

    /// Scans the directory and sends the whole list to the tracker.
    Result<UpdateSummary> update_list(std::stop_token stop = {});

    /// Scans the directory without waiting for the end, which is logged.
    void rescan();

    /// The number of transfers that a peer is busy with.
    Result<std::uint32_t> get_load(std::string const& host, std::uint16_t port);

    /// Who has it, now: a name, a pattern, or NAME@ID. Best source first, as the policy sees it.
    /// Errc::not_found if nobody has.
    Result<std::vector<FoundSource>> find(std::string const& name, std::stop_token stop = {});

    /// Fetches one file or all that match. The Result is an Error only if nothing could be begun;
    /// otherwise each file says how it went.
    Result<DownloadReport> download(DownloadRequest request);

    /// Asks other peers to fetch one file or all that match, and watches until they have it. Waits
    /// for the first scan of this peer's own directory. An Error only if nothing could be begun;
    /// otherwise each target of each file says how it went.
    Result<PushResult> push(PushRequest request);

    Result<std::vector<KnownPeer>> peers();
    /// Those that are known; before the end of the first scan there may be more.
    std::vector<SharedFileInfo> files();
    PeerStatus status();

    PolicyInfo policy();
    /// The order of chunks; a decision is about a batch of them.
    PolicyInfo chunk_order();
    /// Swaps the policy, for downloads under way too, between two of their decisions.
    /// Errc::plugin if it is refused; then the old one stays.
    Result<PolicyInfo> load_policy(std::string const& spec);

  private:
    struct XFSBUS_INTERNAL Impl;
    XFSBUS_INTERNAL explicit Peer(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::peer
