#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// What of the files that others push a peer fetches into its directory.
enum class AcceptPush {
    none,
    new_files,  ///< where nothing else has the file's name
    replace,    ///< a different file of that name is replaced, as DownloadRequest::force does
};

/// Which other peers shall have a file.
enum class PushTo {
    all,        ///< all that are registered
    accepting,  ///< all that take pushes
    number,     ///< so many, those included that have it already
};

enum class PushState {
    asking,   ///< no answer yet, or none any more
    waiting,  ///< it will fetch
    fetching,
    there,  ///< it has the file, and has confirmed that it is this content
    failed,
    refused,  ///< it takes no pushes
};

/// A peer that was asked to fetch a file.
struct PushTarget {
    std::string host;
    std::uint16_t port = 0;
    PushState state = PushState::asking;
    std::uint64_t bytes = 0;  ///< of the file that it has
    double seconds = 0;       ///< since it was asked, until it had the file
    std::string reason;       ///< why it failed or refused, or does not answer
};

/// How the push of one file stands.
struct PushReport {
    std::string name;
    std::string content;
    std::uint64_t size = 0;
    std::vector<PushTarget> targets;
    double seconds = 0;
};

/// How a push ended.
struct PushResult {
    std::vector<PushReport> files;
    /// False: the tracker's list of peers did not settle, so others may lack the files, too.
    bool settled = true;
    std::size_t left_out = 0;  ///< peers that were too many to be asked
    double seconds = 0;
};

/// How a push stands.
struct PushProgress {
    std::size_t files = 0;
    std::size_t files_done = 0;
    PushReport file;  ///< the first that is not done
};

/// What is to be pushed, and to whom.
struct PushRequest {
    std::string name = {};  ///< a name, a pattern, or NAME@ID with a prefix of the content id
    PushTo to = PushTo::all;
    std::size_t peers = 0;  ///< for PushTo::number
    /// So long a peer may be away, and come back, before it counts as unreachable.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
};

}  // namespace xfsbus::peer
