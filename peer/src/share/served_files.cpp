#include "share/served_files.hpp"

#include "share/share_index.hpp"
#include "share/sight.hpp"

#include <xfsbus/files/io.hpp>

#include <algorithm>
#include <cerrno>

namespace xfsbus::peer {

ReadOutcome ServedFiles::read(std::string const& name, FileStamp const& stamp,
                              std::span<std::byte> buffer, std::uint64_t offset) {
    auto* const file = open(name, stamp);
    if (file == nullptr) {
        return is_shortage(errno) ? ReadOutcome::not_now : ReadOutcome::changed;
    }
    // Before, so that no changed file is begun; after, so that none is sent that changed while it
    // was read. What slips through is caught by the sink's check of the hash.
    // A change of permissions, or another name, does not keep anybody from the bytes.
    auto const unchanged = [&] {
        auto const now = stamp_of(file->fd.get());
        return now && now->like(stamp);
    };
    bool const good = unchanged() &&
                      files::read_at(file->fd.get(), buffer, offset).bytes == buffer.size() &&
                      unchanged();
    if (!good) {
        open_.pop_front();  // so that the next try looks at what has the name by then
    }
    return good ? ReadOutcome::good : ReadOutcome::changed;
}

ServedFiles::Open* ServedFiles::open(std::string const& name, FileStamp const& stamp) {
    auto const found = std::ranges::find_if(
        open_, [&](Open const& file) { return file.name == name && file.stamp == stamp; });
    if (found != open_.end()) {
        open_.splice(open_.begin(), open_, found);
        return &open_.front();
    }
    if (open_.size() >= open_most_) {
        open_.pop_back();
    }
    auto fd = tree_->open_file(name);
    if (!fd && is_shortage(errno)) {
        open_.clear();
        fd = tree_->open_file(name);
    }
    if (!fd) {
        return nullptr;
    }
    open_.push_front({name, stamp, std::move(*fd)});
    return &open_.front();
}

}  // namespace xfsbus::peer
