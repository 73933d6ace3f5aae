#pragma once

#include "index/content_hasher.hpp"
#include "index/share_index.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

namespace xfsbus::peer::index {

/// How old an mtime has to be before it tells this state of the file from every later one.
///
/// A file system stamps a write with the time of its last clock tick, which may be 10 ms old, or
/// a whole second, or two. Whoever reads the file within that tick may read it before another
/// write of the same tick, which will leave the same mtime (and perhaps the same size) behind;
/// the index would then take the old content for that of the new bytes, for ever. So a file is
/// only read when its mtime is older than any tick: what is written after the reading has begun
/// gets another one. An mtime of whole seconds is taken for that of a coarse clock.
std::chrono::nanoseconds settling_time(std::int64_t mtime_ns);

/// True if the stamp of a state seen at this time can be trusted to tell it from later ones.
/// False for an mtime in the future too: the clock will come to it yet. The ctime need not be old:
/// it is younger than that of every file that was just moved into place, and matters only if
/// somebody writes and puts the mtime back within one tick of its clock.
bool is_settled(swarm::FileStamp const& stamp, std::chrono::system_clock::time_point seen);

struct HashedFile {
    swarm::FileStamp stamp;
    wire::ContentId content;
    std::shared_ptr<std::string const> manifest;
    bool settled = true;  ///< see is_settled
};

/// Changed a moment ago, or while it was being read: to be tried again after this time.
struct FileChanging {
    std::chrono::nanoseconds wait{};
    bool written = true;  ///< false: only its permissions, its name or its links were changed
};

struct FileGone {};

struct FileUnreadable {
    std::string why;
    bool for_now = false;  ///< see is_shortage
};

struct HashStopped {};

using HashOutcome = std::variant<HashedFile, FileChanging, FileGone, FileUnreadable, HashStopped>;

/// Reads files and tells their content. One object is used by one thread at a time.
class FileHasher {
  public:
    explicit FileHasher(std::shared_ptr<policies::HashAlgorithm const> algorithm)
        : hasher_(std::move(algorithm)) {}

    /// The content of the file of this name below a directory. Stops within a chunk on request.
    HashOutcome hash(int root, std::string const& name, std::stop_token const& stop);
    /// The same of a file that stands anywhere.
    HashOutcome hash(std::filesystem::path const& path, std::stop_token const& stop);

  private:
    HashOutcome hash_opened(int fd, std::stop_token const& stop);
    HashOutcome hash_settled(int fd, swarm::FileStamp const& before, std::stop_token const& stop);
    HashOutcome hash_chunks(int fd, swarm::FileStamp const& before, std::stop_token const& stop);

    ContentHasher hasher_;
};

}  // namespace xfsbus::peer::index
