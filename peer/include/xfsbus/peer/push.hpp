#pragma once

namespace xfsbus::peer {

/// What of the files that others push a peer fetches into its directory.
enum class AcceptPush {
    none,
    new_files,  ///< where nothing else has the file's name
    replace,    ///< a different file of that name is replaced, as DownloadRequest::force does
};

}  // namespace xfsbus::peer
