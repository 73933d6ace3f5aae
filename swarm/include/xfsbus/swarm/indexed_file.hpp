#pragma once

#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace xfsbus::swarm {

/// What tells one state of a file on disk from another without reading it.
struct FileStamp {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::uint64_t inode = 0;
    /// When anything of it was changed last, be it the bytes, the permissions or the name. Nobody
    /// can set it back, so it shows a change whose mtime was put back. No number of the device is
    /// kept beside it: those change from one start of the machine to the next.
    std::int64_t ctime_ns = 0;
    bool executable = false;  ///< by its owner

    friend bool operator==(FileStamp const&, FileStamp const&) = default;

    /// Equal but for ctime_ns: whoever changed it did not write, or hid that.
    [[nodiscard]] bool like(FileStamp const& other) const {
        return size == other.size && mtime_ns == other.mtime_ns && inode == other.inode;
    }
};

/// A file of the share whose content is known.
struct IndexedFile {
    std::string name;
    wire::ContentId content;
    std::shared_ptr<std::string const> manifest;  ///< canonical bytes
    FileStamp stamp;
};

}  // namespace xfsbus::swarm
