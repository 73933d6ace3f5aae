#include "index/published_bytes.hpp"

#include "index/content_hasher.hpp"
#include "storage/sight.hpp"
#include "storage/tree.hpp"

#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include <fcntl.h>

namespace xfsbus::peer::index {

PublishedBytes::~PublishedBytes() {
    for (auto const& then : when_gone_) {
        then();
    }
}

void PublishedBytes::when_gone(std::function<void()> then) const {
    std::lock_guard const lock(mutex_);
    when_gone_.push_back(std::move(then));
}

// ---- a file ----

/// O_NONBLOCK: a FIFO put in the file's place must not hold us up.
files::Fd FileElsewhere::open() const {
    return files::Fd(files::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

Result<swarm::FileStamp> FileElsewhere::stamp() const {
    auto const fd = open();
    if (!fd) {
        return storage::disk_error("cannot open", path_.native(), errno);
    }
    errno = EINVAL;  // unless that fails, it is no regular file
    auto const stamp = storage::stamp_of(fd.get());
    return stamp ? Result(*stamp)
                 : storage::disk_error("cannot publish, as it is no regular file,", path_.native(),
                                       errno);
}

ReadOutcome FileElsewhere::read(swarm::FileStamp const& stamp, std::span<std::byte> buffer,
                                std::uint64_t offset) const {
    auto const fd = open();
    return fd ? read_unchanged(fd.get(), stamp, buffer, offset) : outcome_of(errno);
}

HashOutcome FileElsewhere::describe(std::shared_ptr<policies::HashAlgorithm const> algorithm,
                                    std::stop_token const& stop) const {
    return FileHasher(std::move(algorithm)).hash(path_, stop);
}

// ---- bytes of the program's ----

ProgramBytes::ProgramBytes(std::uint64_t bytes) {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    stamp_.size = bytes;
    stamp_.mtime_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

ReadOutcome ProgramBytes::read(swarm::FileStamp const& /*stamp*/, std::span<std::byte> buffer,
                               std::uint64_t offset) const {
    return fill(buffer, offset) ? ReadOutcome::good : ReadOutcome::refused;
}

HashOutcome ProgramBytes::describe(std::shared_ptr<policies::HashAlgorithm const> algorithm,
                                   std::stop_token const& stop) const {
    HashOutcome why_not = HashStopped{};
    auto const read = [&](std::span<std::byte> piece, std::uint64_t offset) {
        auto const filled = fill(piece, offset);
        if (!filled) {
            why_not = FileUnreadable{filled.error().message};
        }
        return filled ? piece.size() : 0;
    };
    auto const go_on = [&](bool /*cut*/) { return !stop.stop_requested(); };
    try {
        auto content = ContentHasher(std::move(algorithm)).describe(stamp_.size, read, go_on);
        return content ? HashedFile{stamp_, content->id, std::move(content->manifest)}
                       : std::move(why_not);
    } catch (std::exception const& e) {  // a fault of the plug-in
        return FileUnreadable{e.what()};
    }
}

Status MemoryBytes::fill(std::span<std::byte> buffer, std::uint64_t offset) const {
    std::ranges::copy(bytes_.subspan(offset, buffer.size()), buffer.begin());
    return done();
}

}  // namespace xfsbus::peer::index
