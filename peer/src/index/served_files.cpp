#include "index/served_files.hpp"

#include "index/share_index.hpp"
#include "storage/sight.hpp"

#include <xfsbus/files/io.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/stat.h>

namespace xfsbus::peer::index {

namespace {

/// By errno; 0: it is not what was indexed.
ReadOutcome outcome_of(int error) {
    errno = error;
    if (storage::is_shortage(error)) {
        return ReadOutcome::not_now;
    }
    // A part of the name that is no directory, or a link, any more; no regular file.
    bool const other =
        error == 0 || error == ENOENT || error == ENOTDIR || error == ELOOP || error == EINVAL;
    return other ? ReadOutcome::changed : ReadOutcome::unreadable;
}

}  // namespace

ReadOutcome ServedFiles::read(std::string const& name, swarm::FileStamp const& stamp,
                              std::span<std::byte> buffer, std::uint64_t offset) {
    auto* const file = open(name, stamp);
    if (file == nullptr) {
        return outcome_of(errno);
    }
    auto const outcome = read_open(*file, buffer, offset);
    if (outcome != ReadOutcome::good) {
        int const error = errno;
        open_.pop_front();  // so that the next try looks at what has the name by then
        errno = error;
    }
    return outcome;
}

/// Looked at before, so that no changed file is begun; after, so that none is sent that changed
/// while it was read. What slips through is caught by the sink's check of the hash. A change of
/// permissions, or another name, does not keep anybody from the bytes.
ReadOutcome ServedFiles::read_open(Open& file, std::span<std::byte> buffer, std::uint64_t offset) {
    auto const unchanged = [&] {
        errno = 0;
        auto const now = storage::stamp_of(file.fd.get());
        return now && now->like(file.stamp);
    };
    if (!std::exchange(file.just_seen, false) && !unchanged()) {
        return outcome_of(errno);
    }
    auto const read = files::read_at(file.fd.get(), buffer, offset);
    if (read.bytes < buffer.size()) {
        return outcome_of(read.error);
    }
    return unchanged() ? ReadOutcome::good : outcome_of(errno);
}

ServedFiles::Open* ServedFiles::open(std::string const& name, swarm::FileStamp const& stamp) {
    auto const found = std::ranges::find_if(
        open_, [&](Open const& file) { return file.name == name && file.stamp == stamp; });
    if (found != open_.end()) {
        open_.splice(open_.begin(), open_, found);
        return &open_.front();
    }
    if (open_.size() >= open_most_) {
        open_.pop_back();
    }
    auto file = open_file(name, stamp);
    if (!file && storage::is_shortage(errno)) {
        open_.clear();
        file = open_file(name, stamp);
    }
    if (!file) {
        return nullptr;
    }
    open_.push_front(std::move(*file));
    return &open_.front();
}

/// In the directory that was walked to a moment ago, unless the file is not there, or another is:
/// then the name may lead elsewhere by now. What goes wrong otherwise is told, not tried again.
Result<ServedFiles::Open> ServedFiles::open_file(std::string const& name,
                                                 swarm::FileStamp const& stamp) {
    bool const nested = name.find('/') != std::string::npos;
    if (nested) {
        struct stat status {};

        auto const at = last_place_.place(*tree_, name, storage::Tree::Make::no);
        auto fd = at ? storage::Tree::open_file(*at, name, status) : at.error();
        if (fd && storage::stamp_from(status).like(stamp)) {
            return Open{name, stamp, std::move(*fd), true};
        }
        if (!fd && errno != ENOENT) {
            return fd.error();
        }
    }
    auto fd = tree_->open_file(name);
    return fd ? Result(Open{name, stamp, std::move(*fd)}) : fd.error();
}

}  // namespace xfsbus::peer::index
