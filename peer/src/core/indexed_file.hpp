#pragma once

#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace xfsbus::peer {

/// What tells one state of a file on disk from another without reading it.
struct FileStamp {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::uint64_t inode = 0;

    friend bool operator==(FileStamp const&, FileStamp const&) = default;
};

/// A file of the share whose content is known.
struct IndexedFile {
    std::string name;
    wire::ContentId content;
    std::shared_ptr<std::string const> manifest;  ///< canonical bytes
    FileStamp stamp;
};

}  // namespace xfsbus::peer
