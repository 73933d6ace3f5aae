#include "index/hash_file.hpp"

#include "storage/sight.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <algorithm>
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

/// Every chunk is a whole number of these, but for the end of the file; fits the second-level
/// cache, so that the hash reads what pread has just written.
constexpr std::size_t piece_bytes = wire::limits::chunk_bytes_min;

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

FileHasher::FileHasher(std::shared_ptr<policies::HashAlgorithm const> algorithm)
    : algorithm_(std::move(algorithm)), buffer_(piece_bytes) {}

policies::Integrity& FileHasher::integrity() {
    if (integrity_ == nullptr) {
        integrity_ = algorithm_->make();
    }
    return *integrity_;
}

HashOutcome FileHasher::hash(int root, std::string const& name, std::stop_token const& stop) {
    // O_NONBLOCK: a FIFO put in the file's place must not hold us up.
    auto const fd = storage::open_beneath(root, name, O_RDONLY | O_NONBLOCK);
    if (!fd) {
        bool const gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
        return gone ? HashOutcome(FileGone{})
                    : FileUnreadable{storage::errno_text(errno), storage::is_shortage(errno)};
    }
    auto const before = storage::stamp_of(fd.get());
    if (!before) {
        return FileGone{};
    }
    try {
        return hash_open(fd.get(), *before, stop);
    } catch (std::exception const& e) {  // a fault of the plug-in, or of the disk
        integrity_.reset();              // it is in the middle of a message
        return FileUnreadable{e.what(), false};
    }
}

HashOutcome FileHasher::hash_open(int fd, swarm::FileStamp const& before,
                                  std::stop_token const& stop) {
    auto const now = std::chrono::system_clock::now();
    auto const settling = settling_time(before.mtime_ns);
    auto const file_age = age(before.mtime_ns, now);
    if (file_age >= 0ns && file_age < settling) {
        return FileChanging{settling - file_age};
    }
    if (before.size > piece_bytes) {
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
    wire::Manifest manifest;
    manifest.algorithm = algorithm_->name();
    manifest.file_bytes = before.size;
    manifest.chunk_bytes = wire::chunk_size_for(before.size);
    manifest.digest_bytes = static_cast<std::uint32_t>(algorithm_->digest_size());
    manifest.digests.resize(std::size_t{manifest.layout().chunks} * manifest.digest_bytes);
    auto digests = std::as_writable_bytes(std::span(manifest.digests));

    std::uint64_t offset = 0;
    std::uint64_t chunk_end = std::min<std::uint64_t>(manifest.chunk_bytes, before.size);
    while (offset < before.size) {
        auto const wanted = std::min<std::uint64_t>(piece_bytes, chunk_end - offset);
        auto const read = read_piece(fd, offset, wanted);
        integrity().update(std::span(buffer_).first(read));
        offset += read;
        bool const short_of = read < wanted;
        if (offset == chunk_end || short_of || stop.stop_requested()) {
            integrity().finish(digests.first(manifest.digest_bytes));
            if (stop.stop_requested()) {
                return HashStopped{};
            }
            if (auto const now = storage::stamp_of(fd); short_of || now != before) {
                return FileChanging{settling_time(1), short_of || !now || !now->like(before)};
            }
            digests = digests.subspan(manifest.digest_bytes);
            chunk_end = std::min(chunk_end + manifest.chunk_bytes, before.size);
        }
    }
    auto bytes = std::make_shared<std::string const>(wire::encode_manifest(manifest));
    return HashedFile{before, content_id(*bytes), std::move(bytes)};
}

std::size_t FileHasher::read_piece(int fd, std::uint64_t offset, std::size_t bytes) {
    auto const read =
        files::read_at(fd, std::as_writable_bytes(std::span(buffer_)).first(bytes), offset);
    if (read.error != 0) {
        throw std::system_error(read.error, std::generic_category());
    }
    return read.bytes;
}

wire::ContentId FileHasher::content_id(std::string_view manifest) {
    integrity().update(std::as_bytes(std::span(manifest)));
    std::string digest(algorithm_->digest_size(), '\0');
    integrity().finish(std::as_writable_bytes(std::span(digest)));
    return wire::ContentId::from(digest).value_or(wire::ContentId{});
}

}  // namespace xfsbus::peer::index
