#include "runtime/open_file.hpp"

#include "runtime/engine.hpp"
#include "storage/tree.hpp"

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace xfsbus::peer::runtime {

namespace {

/// What a BlockSource is asked for at once, at most: as for those who fetch it.
constexpr std::size_t published_read_most = wire::limits::chunk_bytes_max;

}  // namespace

OpenFile::OpenFile(std::weak_ptr<Engine> engine, Readings::Opened opened, std::uint64_t number,
                   Ticket ticket)
    : engine_(std::move(engine)),
      opened_(std::move(opened)),
      content_(wire::to_hex(opened_.about.content)),
      number_(number),
      ticket_(std::move(ticket)) {
    if (opened_.stamp) {
        known_.here = {size(), nullptr, opened_.stamp};
    }
}

Result<std::size_t> OpenFile::read(std::uint64_t offset, std::span<std::byte> buffer,
                                   Wait const& wait) {
    if (offset >= size() || buffer.empty()) {
        return std::size_t{0};
    }
    auto const here = find(offset, wait);
    if (!here) {
        return here.error();
    }
    auto const room =
        opened_.published ? std::min(buffer.size(), published_read_most) : buffer.size();
    auto const most = std::min<std::uint64_t>(room, here->end - offset);
    auto const some = buffer.first(static_cast<std::size_t>(most));
    if (opened_.published) {
        auto const got = read_published(opened_.published->lock().get(), offset, some);
        return got ? Result(some.size()) : Result<std::size_t>(got.error());
    }
    auto read = here->part ? read_from(*here->part, *here, offset, some) : Status(changed());
    if (!read && here->stamp) {
        // Of the name: some file systems tell one number of a file by it, and another of what was
        // opened before it had that name.
        auto const file = in_place();
        read = file ? read_from(**file, *here, offset, some) : Status(file.error());
    }
    return read ? Result(some.size()) : Result<std::size_t>(read.error());
}

Result<std::optional<std::size_t>> OpenFile::send(int socket, std::uint64_t offset,
                                                  std::uint64_t most, Wait const& wait) {
    auto const here = find(offset, wait);
    if (!here) {
        return here.error();
    }
    if (!here->part || here->stamp) {
        return std::optional<std::size_t>();
    }
    auto const sent = here->part->send(socket, offset, std::min(most, here->end - offset));
    return sent > 0 ? Result(std::optional(static_cast<std::size_t>(sent))) : not_sent(sent, errno);
}

Result<std::optional<std::size_t>> OpenFile::not_sent(ssize_t result, int error) const {
    if (result == 0) {  // what was here was taken out of the file
        return changed();
    }
    switch (error) {
        case EAGAIN:
            return std::optional<std::size_t>(0);
        case EINVAL:  // of a file system that cannot
        case ENOSYS:
            return std::optional<std::size_t>();
        case EPIPE:
        case ECONNRESET:
            return Error{Errc::network, "the connection is broken"};
        default:
            return storage::disk_error("cannot read", name(), error);
    }
}

Status OpenFile::read_from(storage::PartReader const& file, Here const& here, std::uint64_t offset,
                           std::span<std::byte> buffer) const {
    errno = 0;
    if (!file.read(buffer, offset)) {
        return errno == 0 ? changed() : storage::disk_error("cannot read", name(), errno);
    }
    // Afterwards: what was changed meanwhile may have been read.
    auto const now = here.stamp ? file.stamp() : std::nullopt;
    return !here.stamp || (now && now->like(*here.stamp)) ? done() : Status(changed());
}

Status OpenFile::read_published(index::PublishedBytes const* bytes, std::uint64_t offset,
                                std::span<std::byte> buffer) const {
    if (bytes == nullptr) {
        return Error{Errc::not_found, "'" + wire::escape(name()) + "' is not published any more"};
    }
    errno = 0;
    switch (bytes->read(*opened_.stamp, buffer, offset)) {
        case index::ReadOutcome::good:
            return done();
        case index::ReadOutcome::changed:
            return changed();
        case index::ReadOutcome::refused:
            return Error{Errc::disk, "'" + wire::escape(name()) +
                                         "' cannot be read by the program that publishes it"};
        default:
            return storage::disk_error("cannot read", name(), errno);
    }
}

Status OpenFile::wait_until_whole(Wait const& wait) {
    auto const here = opened_.stamp ? Result(Here()) : ask(jobs::Stream::whole, wait);
    return here ? done() : Status(here.error());
}

Result<OpenFile::Here> OpenFile::find(std::uint64_t offset, Wait const& wait) {
    {
        std::lock_guard const lock(mutex_);
        if (known_.begin <= offset && offset < known_.here.end) {
            return known_.here;
        }
    }
    auto here = ask(offset, wait);
    if (here) {
        std::lock_guard const lock(mutex_);
        known_ = {here->stamp ? 0 : offset, *here};
    }
    return here;
}

Result<OpenFile::Here> OpenFile::ask(std::uint64_t offset, Wait const& wait) const {
    auto const engine = engine_.lock();
    if (!engine) {
        return Error{Errc::ended, "the peer has ended"};
    }
    return engine->ask<Here>(wait, [number = number_, offset](Node& node, auto const& reply) {
        node.readings().when_here(number, offset, reply.who(), reply);
    });
}

/// The file that has its name.
Result<std::shared_ptr<storage::PartReader const>> OpenFile::in_place() {
    std::lock_guard const lock(mutex_);
    if (!file_) {
        auto fd = opened_.tree->open_file(name());
        if (!fd) {
            return storage::disk_error("cannot open", name(), errno);
        }
        file_ = std::make_shared<storage::PartReader const>(std::move(*fd));
    }
    return file_;
}

Error OpenFile::changed() const {
    return {Errc::integrity,
            "'" + wire::escape(name()) + "' was changed here after it was verified; open it again"};
}

}  // namespace xfsbus::peer::runtime
