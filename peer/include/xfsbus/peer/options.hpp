#pragma once

#include <xfsbus/peer/commons.hpp>
#include <xfsbus/peer/durability.hpp>
#include <xfsbus/peer/own_policies.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer {

using xfsbus::LogEvent;
using xfsbus::LogLevel;

/// What a Peer is to be like. A value.
///
/// From within a callback of a peer, a call to a Peer that would wait is refused (Errc::usage): it
/// could wait for itself. Jobs may be started and cancelled there, and the Peer be destroyed.
struct PeerOptions {
    std::string tracker = "tcp://127.0.0.1:7470";
    /// Address to listen on, which others must be able to reach; empty: the one from which this
    /// machine reaches the tracker.
    std::string host = {};
    std::uint16_t port = 0;  ///< 0: a free one
    /// Where chunks come in, which sources connect to. 0: a free one, taken by the first download.
    std::uint16_t data_port = 0;
    /// The directory to share; what is downloaded goes there too. Empty: nothing is shared.
    std::filesystem::path directory = {};
    /// Where downloads go when nothing is shared.
    std::filesystem::path download_directory = ".";
    /// Remembers hashes across restarts (SQLite). Empty: no memory.
    std::filesystem::path cache_file = {};
    // Plug-ins, FILE[:key=value,...]. Empty: what is built in, which needs no file; it decides as
    // the plug-in that is named here.
    std::string policy = {};         ///< which source is asked: libloadlatency.so
    std::string chunk_order = {};    ///< which chunk comes next: librarest.so
    std::string integrity = {};      ///< how what this peer publishes is hashed: libsha256.so
    std::string upload_policy = {};  ///< which sink is sent a chunk next: libfair.so
    /// Instead of plug-ins.
    OwnPolicies own_policies = {};
    /// What others may have hashed with, by its plug-in's name, beside the standard ones (sha256,
    /// sha512-256, blake2b, blake3) and `integrity`.
    std::vector<std::string> accept_hashes = {};
    std::vector<std::filesystem::path> plugin_directories = {};  ///< searched first
    bool strict_policy = false;               ///< a policy that fails ends the download
    std::filesystem::path latency_file = {};  ///< empty: latency is measured
    std::size_t sources = 24;                 ///< most sources used at once for one file
    std::uint64_t upload_limit = 0;           ///< bytes per second, of all transfers; 0: none
    std::uint64_t download_limit = 0;
    std::uint64_t transfer_upload_limit = 0;    ///< to one sink of one file
    std::uint64_t transfer_download_limit = 0;  ///< of one file, from all its sources
    AcceptPush accept_push = AcceptPush::none;  ///< what other peers ask this one to fetch
    std::string labels = {};                    ///< "key=value,...", told to others
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
    /// seeds and equal events give equal decisions. 0: a random one, which PolicyInfo tells.
    std::uint64_t seed = 0;
    /// What the peer-selection policy is shown and answers is written to this file, and what comes
    /// of it, one JSON object a line (docs/POLICIES.md); what was there before is lost. Empty:
    /// nothing is written.
    std::filesystem::path trace_file = {};
    /// Called on threads of the peer, one call at a time: the peer waits for it, so it must return
    /// soon. Never within itself: what is to be told because of something it does is told when it
    /// has returned, 64 lines of it at most. What it throws goes no further. Not called any more
    /// once the Peer is destroyed; if that happens within a callback, soon after. Text from others
    /// is escaped.
    OnLog log = {};
    /// What is less important is not told, and where there is much of it not even put into words.
    LogLevel log_level = LogLevel::debug;
    /// Called once, on a thread of the peer, should it be unable to go on: out of memory, or a
    /// fault of its own. Its calls then answer with this error, and it shares nothing any more.
    std::function<void(Error const&)> on_failed = {};
    /// So many file descriptors that are free now the peer leaves to the rest of the program, which
    /// opens them later. Of what is left then a peer needs as many as without this.
    std::size_t spare_descriptors = 0;
    /// Whose threads the peer uses, with others. Null: its own.
    std::shared_ptr<Commons> commons = {};
    /// Files that may be published at once (Peer::publish), or be on the way to it. Each takes half
    /// a kilobyte and its manifest; of the bytes themselves nothing is copied or kept.
    std::size_t published_most = 10'000;
};

}  // namespace xfsbus::peer
