#pragma once

#include "index/shared_watch.hpp"
#include "storage/tree.hpp"
#include "threads/crew.hpp"
#include "threads/lookout.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer::index {

struct ScanSummary {
    std::uint64_t files = 0;    ///< in the share now
    std::uint64_t bytes = 0;    ///< of these
    std::uint64_t hashed = 0;   ///< whose content had to be read
    std::uint64_t skipped = 0;  ///< unreadable, special, badly named, changing; warned of once
    std::uint64_t links = 0;    ///< symbolic ones, which are not shared
    std::uint64_t ignored = 0;  ///< files and directories that match a pattern; none below them
    std::uint64_t private_files = 0;  ///< of those that are shared: only their owner may read them
    std::string problem{};  ///< why there is no directory to be scanned; empty: there is one
};

/// Knows the content of every file below a directory, and keeps up with its changes: scans it,
/// hashes what the cache does not know, watches it. Should its path lead to another directory, it
/// warns and begins anew with that; should it lead to none, nothing is shared until it does.
class ShareIndex {
  public:
    /// Whose threads it uses; null: its own. They outlive it.
    struct Threads {
        threads::Lookout* lookout = nullptr;  ///< waits for what it waits for
        SharedWatch* watch = nullptr;         ///< of that lookout; null: one of its own
        threads::Crew* turns = nullptr;       ///< for its turns; null: the lookout's thread
        threads::Crew* hashing = nullptr;     ///< reads files
    };

    struct Options {
        std::filesystem::path directory;
        std::filesystem::path cache_file;  ///< SQLite; empty: no cache
        std::shared_ptr<policies::HashAlgorithm const> algorithm;
        bool watch = true;
        unsigned hash_threads = 2;
        std::vector<std::string> ignore{};  ///< patterns, see Ignores
        bool default_ignores = true;
        /// How often it is scanned without being asked; 0: never. nullopt: see rescan_after.
        std::optional<std::chrono::milliseconds> rescan{};
        std::chrono::milliseconds verify_every = std::chrono::minutes(1);
        Threads threads{};
        std::shared_ptr<storage::Tree const> tree{};  ///< of the directory; null: one is opened
    };

    /// All are called on a thread of the index, one at a time.
    struct Events {
        std::function<void(std::vector<swarm::IndexedFile> added, std::vector<std::string> removed)>
            on_changed;
        /// The first scan, and each later one of the whole directory, whoever asked for it.
        std::function<void(ScanSummary const&)> on_scanned;
        std::function<void(std::string_view)> on_warning;
        /// Of interest, and nothing that anybody has to do something about.
        std::function<void(std::string_view)> on_notice{};
        /// The index cannot go on: a fault of ours, or no memory.
        std::function<void(std::exception_ptr)> on_fault;
    };

    /// Starts the first scan. Fails with Errc::disk if the directory cannot be read, with
    /// Errc::usage if a pattern is none, and with Errc::plugin if the algorithm's digests are too
    /// short for content ids.
    static Result<std::unique_ptr<ShareIndex>> start(Options options, Events events);
    /// Stops within the time it takes to hash one chunk. Not on one of its threads.
    ~ShareIndex();

    /// Any thread: scans the whole directory again; `done` is called after everything that it
    /// found has been reported through on_changed.
    void rescan(std::function<void(ScanSummary const&)> done);

    /// Any thread: looks at one file again: it turned out not to be what the index says.
    void recheck(std::string name);

    /// Any thread: somebody says that the bytes of a file are not those of its content id. It is
    /// read again, though its stamp has not changed, and offered as what it is now. Within
    /// `verify_every` once at most, and no more than `verified_most` files: whoever says so may be
    /// wrong, or worse.
    void verify(std::string name);
    static constexpr std::size_t verified_most = 64;

    /// Any thread: takes over a file that was just put in place and whose content is known from
    /// its download, so that it is not read again. Reported through on_changed if it is new.
    ///
    /// Close it before it is moved into place: the closing of a file that was open for writing is
    /// a reason to read it. And settle() it, or it is read at the next start.
    void add(swarm::IndexedFile file);

    struct Impl;
    explicit ShareIndex(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::peer::index
