// How a PartFile becomes the file itself.
#include "storage/final_name.hpp"
#include "storage/part_file.hpp"
#include "storage/sight.hpp"
#include "storage/space.hpp"
#include "storage/sync.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

/// A directory that was seen so shortly before is where it was, if the root is: a walk to it costs
/// as much as all else about a small file.
constexpr auto place_lasts = std::chrono::seconds(1);

}  // namespace

Error PartFile::one_name(Target const& target, std::string const& other) {
    return {Errc::disk, "'" + wire::escape(target.name) + "' and '" + wire::escape(other) +
                            "' are one name on this disk; use -o for one of them"};
}

// ---- while it is stored ----

/// Now and then, so that a power cut costs little.
Status PartFile::sync_some(std::uint64_t bytes) {
    if (target_.durability != Durability::power) {
        return done();
    }
    auto const unsynced = unsynced_ += bytes;
    std::unique_lock const turn(syncing_, std::try_to_lock);
    auto const now = std::chrono::steady_clock::now();
    if (!turn || (unsynced < sync_bytes && now - synced_at_ < sync_time) || !journal_) {
        return done();
    }
    unsynced_ = 0;
    synced_at_ = now;
    if (int const error = sync_data(fd_.get())) {
        return cannot_sync(error);
    }
    static_cast<void>(journal_->sync());  // it is a hint: the bytes are read again
    return done();
}

/// Nobody knows what of it is on the disk. It has to be read again, and not from memory.
Error PartFile::cannot_sync(int error) {
    drop_from_memory(fd_.get());
    if (journal_) {
        journal_->remove();
    }
    return is_no_room(error)
               ? no_room(error)
               : disk_error("cannot make sure that a power cut leaves", target_.name, error);
}

// ---- the end ----

Result<swarm::IndexedFile> PartFile::finish() {
    if (auto begun = begin_end(); !begun) {
        return begun.error();
    }
    bool const power = target_.durability == Durability::power;
    if (auto synced = power ? sync() : done(); !synced) {
        return synced.error();
    }
    auto file = name_it();
    if (file && power) {
        if (int const error = sync_all(place_.directory->get())) {
            return name_not_safe(error);
        }
    }
    return file;
}

Error PartFile::name_not_safe(int error) const {
    return disk_error("cannot make sure that a power cut leaves the name of", target_.name, error);
}

Status PartFile::begin_end() {
    if (auto made = fd_ ? done() : make_small(); !made) {
        return made.error();
    }
    set_attributes();
    if (target_.durability == Durability::power) {
        files::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return done();
}

/// None of it is worth failing for.
void PartFile::set_attributes() {
    struct stat status {};

    if (target_.executable && files::fstat(fd_.get(), &status) == 0) {
        auto const readers = status.st_mode & (S_IRUSR | S_IRGRP | S_IROTH);
        if (files::fchmod(fd_.get(), (status.st_mode & 07777) | (readers >> 2)) != 0) {
            warn(disk_error("cannot make executable", target_.name, errno).message);
        }
    }
    static_cast<void>(settle(fd_.get(), target_.mtime_ns));  // else it is read at the next start
}

Status PartFile::sync() {
    int const error = sync_all(fd_.get());
    return error == 0 ? done() : Status(cannot_sync(error));
}

/// The lock of fd_ on a descriptor that only reads, so that `cleanup` is kept off while fd_ is
/// closed already. Without it the name is given all the same.
files::Fd PartFile::keep_lock() const {
    files::Fd kept(files::openat(place_.directory->get(), names_->part.c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (kept) {
        static_cast<void>(files::flock(fd_.get(), LOCK_SH | LOCK_NB));
        static_cast<void>(files::flock(kept.get(), LOCK_SH | LOCK_NB));
    }
    return kept;
}

/// Fails if the file's directory is not where its name leads now.
Status PartFile::check_place() const {
    auto const now = std::chrono::steady_clock::now();
    bool const good = now - place_.walked < place_lasts && target_.last_place &&
                      target_.last_place->root_is_there(*target_.tree, place_, now);
    return good ? done() : target_.tree->still_there(place_, target_.name);
}

/// Closed before it has its name, so that whoever watches the directory sees one finished file.
Result<swarm::IndexedFile> PartFile::name_it() {
    if (auto there = check_place(); !there) {
        return there.error();
    }
    bool const small = static_cast<bool>(kept_);
    auto const kept = small ? std::move(kept_) : keep_lock();
    fd_ = files::Fd();
    auto const turn = target_.written ? target_.written->turn() : std::unique_lock<std::mutex>();
    bool const replace = target_.replace || target_.repair;
    if (auto const other = replace ? written_as() : std::nullopt) {
        return one_name(target_, *other);
    }
    if (int const error = give_name(place_.directory->get(), *names_, place_.leaf, replace)) {
        return on_name_taken(error);
    }
    remove_journal();
    return indexed(small ? kept.get() : -1);
}

/// The other name under which this job wrote what is to be replaced.
std::optional<std::string> PartFile::written_as() const {
    struct stat old {};

    bool const there =
        target_.written && files::fstatat(place_.directory->get(), place_.leaf.c_str(), &old,
                                          AT_SYMLINK_NOFOLLOW) == 0;
    return there ? target_.written->other_name(WrittenFiles::identity(old), target_.name)
                 : std::nullopt;
}

/// What the index is to know of it. Should it have been changed or taken away by now, its stamp
/// will not fit, and the index looks for itself. `fd`: of the file, if it is known to be that one;
/// else it is looked for by its name.
swarm::IndexedFile PartFile::indexed(int fd) const {
    swarm::IndexedFile file{
        target_.name,
        target_.content,
        std::make_shared<std::string const>(wire::encode_manifest(*target_.manifest)),
        {}};

    struct stat status {};

    int const failed = fd >= 0 ? files::fstat(fd, &status)
                               : files::fstatat(place_.directory->get(), place_.leaf.c_str(),
                                                &status, AT_SYMLINK_NOFOLLOW);
    if (failed == 0) {
        file.stamp = stamp_from(status);
        if (target_.written) {
            target_.written->add(WrittenFiles::identity(status), target_.name);
        }
    }
    return file;
}

/// Another download of the same may have been quicker by a moment.
Result<swarm::IndexedFile> PartFile::on_name_taken(int error) {
    auto const present = error == EEXIST || error == ENOENT
                             ? look_at(target_, place_, [] { return false; })
                             : Result(Present::nothing);
    if (present && *present == Present::same) {
        discard();
        return indexed(-1);
    }
    discard_if_empty();
    if (!present) {
        return present.error();
    }
    return error == EEXIST     ? exists_already(target_)
           : is_no_room(error) ? no_room(error)
                               : disk_error("cannot give its name to", target_.name, error);
}

}  // namespace xfsbus::peer::storage
