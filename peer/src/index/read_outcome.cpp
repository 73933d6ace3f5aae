#include "index/read_outcome.hpp"

#include "storage/sight.hpp"

#include <xfsbus/files/io.hpp>

#include <cerrno>

namespace xfsbus::peer::index {

ReadOutcome outcome_of(int error) {
    errno = error;
    if (storage::is_shortage(error)) {
        return ReadOutcome::not_now;
    }
    // A part of the name that is no directory, or a link, any more; no regular file.
    bool const other =
        error == 0 || error == ENOENT || error == ENOTDIR || error == ELOOP || error == EISDIR;
    return other ? ReadOutcome::changed : ReadOutcome::unreadable;
}

/// Looked at before, so that no changed file is begun; after, so that none is sent that changed
/// while it was read. What slips through is caught by the sink's check of the hash. A change of
/// permissions, or another name, does not keep anybody from the bytes.
ReadOutcome read_unchanged(int fd, swarm::FileStamp const& stamp, std::span<std::byte> buffer,
                           std::uint64_t offset, bool just_seen) {
    auto const unchanged = [&] {
        errno = 0;
        auto const now = storage::stamp_of(fd);
        return now && now->like(stamp);
    };
    if (!just_seen && !unchanged()) {
        return outcome_of(errno);
    }
    auto const read = files::read_at(fd, buffer, offset);
    if (read.bytes < buffer.size()) {
        return outcome_of(read.error);
    }
    return unchanged() ? ReadOutcome::good : outcome_of(errno);
}

}  // namespace xfsbus::peer::index
