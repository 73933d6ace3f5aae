#include "index/served_files.hpp"

#include "index/share_index.hpp"
#include "storage/sight.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/stat.h>

namespace xfsbus::peer::index {

ReadOutcome ServedFiles::read(std::string const& name, swarm::FileStamp const& stamp,
                              std::span<std::byte> buffer, std::uint64_t offset) {
    auto* const file = open(name, stamp);
    if (file == nullptr) {
        return outcome_of(errno);
    }
    auto const outcome = read_unchanged(file->fd.get(), file->stamp, buffer, offset,
                                        std::exchange(file->just_seen, false));
    if (outcome != ReadOutcome::good) {
        int const error = errno;
        open_.pop_front();  // so that the next try looks at what has the name by then
        errno = error;
    }
    return outcome;
}

void ServedFiles::keep_only(std::set<std::string> const& names) {
    std::erase_if(open_, [&](Open const& file) { return !names.contains(file.name); });
    last_place_.forget();
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
