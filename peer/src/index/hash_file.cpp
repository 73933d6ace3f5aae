#include "index/hash_file.hpp"

#include "storage/sight.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/limits.hpp>

#include <cerrno>
#include <exception>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xfsbus::peer::index {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds age(std::int64_t mtime_ns, std::chrono::system_clock::time_point now) {
    return now.time_since_epoch() - std::chrono::nanoseconds(mtime_ns);
}

}  // namespace

std::chrono::nanoseconds settling_time(std::int64_t mtime_ns) {
    return mtime_ns % 1'000'000'000 == 0 ? 2100ms : 200ms;
}

bool is_settled(swarm::FileStamp const& stamp, std::chrono::system_clock::time_point seen) {
    return age(stamp.mtime_ns, seen) >= settling_time(stamp.mtime_ns);
}

HashOutcome FileHasher::hash(int root, std::string const& name, std::stop_token const& stop) {
    // O_NONBLOCK: a FIFO put in the file's place must not hold us up.
    auto const fd = storage::open_beneath(root, name, O_RDONLY | O_NONBLOCK);
    return hash_opened(fd.get(), stop);
}

HashOutcome FileHasher::hash(std::filesystem::path const& path, std::stop_token const& stop) {
    files::Fd const fd(files::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return hash_opened(fd.get(), stop);
}

/// With errno, if it is not open.
HashOutcome FileHasher::hash_opened(int fd, std::stop_token const& stop) {
    if (fd < 0) {
        bool const gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
        return gone ? HashOutcome(FileGone{})
                    : FileUnreadable{storage::errno_text(errno), storage::is_shortage(errno)};
    }
    auto const before = storage::stamp_of(fd);
    if (!before) {
        return FileGone{};
    }
    try {
        return hash_settled(fd, *before, stop);
    } catch (std::exception const& e) {  // a fault of the plug-in, or of the disk
        return FileUnreadable{e.what(), false};
    }
}

HashOutcome FileHasher::hash_settled(int fd, swarm::FileStamp const& before,
                                     std::stop_token const& stop) {
    auto const now = std::chrono::system_clock::now();
    auto const settling = settling_time(before.mtime_ns);
    auto const file_age = age(before.mtime_ns, now);
    if (file_age >= 0ns && file_age < settling) {
        return FileChanging{settling - file_age};
    }
    if (before.size > wire::limits::chunk_bytes_min) {
        files::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    auto outcome = hash_chunks(fd, before, stop);
    if (auto* hashed = std::get_if<HashedFile>(&outcome)) {
        hashed->settled = is_settled(before, now);
    }
    return outcome;
}

HashOutcome FileHasher::hash_chunks(int fd, swarm::FileStamp const& before,
                                    std::stop_token const& stop) {
    HashOutcome why_not = HashStopped{};
    auto const read = [fd](std::span<std::byte> piece, std::uint64_t offset) {
        auto const got = files::read_at(fd, piece, offset);
        if (got.error != 0) {
            throw std::system_error(got.error, std::generic_category());
        }
        return got.bytes;
    };
    auto const go_on = [&](bool cut) {
        if (stop.stop_requested()) {
            return false;
        }
        auto const now = storage::stamp_of(fd);
        bool const changed = cut || now != before;
        if (changed) {
            why_not = FileChanging{settling_time(1), cut || !now || !now->like(before)};
        }
        return !changed;
    };
    auto content = hasher_.describe(before.size, read, go_on);
    return content ? HashedFile{before, content->id, std::move(content->manifest)}
                   : std::move(why_not);
}

}  // namespace xfsbus::peer::index
