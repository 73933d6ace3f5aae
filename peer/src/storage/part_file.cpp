#include "storage/part_file.hpp"

#include "storage/chunk_finder.hpp"
#include "storage/final_name.hpp"
#include "storage/space.hpp"
#include "storage/sync.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <linux/falloc.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

using Clock = std::chrono::steady_clock;

/// How often the temporary file is opened if it changes hands meanwhile, or is held by somebody:
/// whoever only looks whether it is in use holds it for a moment.
constexpr int open_tries = 16;
constexpr auto open_pause = std::chrono::milliseconds(1);

bool same_file(struct stat const& one, struct stat const& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool has_size(struct stat const& status, wire::Manifest const& manifest) {
    return S_ISREG(status.st_mode) &&
           static_cast<std::uint64_t>(status.st_size) == manifest.file_bytes;
}

bool is_zero(std::span<std::byte const> bytes) {
    return !bytes.empty() && bytes[0] == std::byte{} &&
           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// What stands in the way of a push is told to somebody who has no option to mend it.
std::string remedy(PartFile::Target const& target, char const* of_a_download) {
    return target.pushed ? "only whoever runs this peer can move it away" : of_a_download;
}

/// A file cannot take the place of some things, whatever the user says.
std::optional<Error> obstacle(PartFile::Target const& target, mode_t mode) {
    auto const name = "'" + wire::escape(target.name) + "'";
    if (S_ISDIR(mode)) {
        return Error{Errc::disk, name + " is a directory here; " +
                                     remedy(target, "choose another name with -o")};
    }
    bool const replaces = target.replace || target.repair;
    if (S_ISLNK(mode) && !replaces) {
        return Error{Errc::disk,
                     name + " is a symbolic link here; " +
                         remedy(target,
                                "remove it, choose another name with -o, or use --force to put "
                                "the file in the link's place")};
    }
    if (!S_ISREG(mode) && !S_ISLNK(mode)) {
        return Error{Errc::disk, name + " is no regular file here; " +
                                     remedy(target, "remove it, or choose another name with -o")};
    }
    return std::nullopt;
}

/// A run that was killed may have left an empty file that only holds the name. True if that is
/// gone now. Whoever works on the same now holds the lock; then it is theirs.
bool release_old_claim(PartFile::Target const& target, Place const& at) {
    TemporaryNames const names(target.content, at.leaf);
    int const directory = at.directory->get();
    if (!is_claimed(directory, names)) {
        return false;
    }
    files::Fd const part(
        files::openat(directory, names.part.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    PartLock lock;
    bool const ours = !part || lock.take(part.get()) != PartLock::Outcome::busy;
    return ours && release_claim(directory, names) == 0;
}

/// The file is whole. What could not be removed beside it then is of no use to anybody.
void remove_strays(PartFile::Target const& target, Place const& at) {
    TemporaryNames const names(target.content, at.leaf);
    int const directory = at.directory->get();

    struct stat status {};

    bool const no_part =
        files::fstatat(directory, names.part.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0;
    if (no_part && errno == ENOENT) {
        files::unlinkat(directory, names.journal.c_str(), 0);
        files::unlinkat(directory, names.claim.c_str(), 0);
    }
}

}  // namespace

Result<PartFile::Present> PartFile::look(std::function<bool()> const& stop) {
    auto at = find_place(Tree::Make::no);
    if (!at) {
        return Present::nothing;  // not even its directory; making it will say what is wrong
    }
    place_ = std::move(*at);
    return look_at(target_, place_, stop);
}

Result<Place> PartFile::find_place(Tree::Make make) {
    return target_.last_place ? target_.last_place->place(*target_.tree, target_.name, make)
                              : target_.tree->place(target_.name, make);
}

Result<PartFile::Present> PartFile::look_at(Target const& target, Place const& at,
                                            std::function<bool()> const& stop) {
    struct stat status {};

    int const directory = at.directory->get();
    if (files::fstatat(directory, at.leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? Result(Present::nothing)
                               : disk_error("cannot look at", target.name, errno);
    }
    if (auto error = obstacle(target, status.st_mode)) {
        return *error;
    }
    if (!has_size(status, *target.manifest)) {
        bool const released = status.st_size == 0 && release_old_claim(target, at);
        return released ? look_at(target, at, stop) : Present::other;
    }
    return compare(target, at, stop);
}

/// The file under the final name has the right size.
Result<PartFile::Present> PartFile::compare(Target const& target, Place const& at,
                                            std::function<bool()> const& stop) {
    auto const fd = target.tree->open_file(target.name);
    if (!fd) {
        return fd.error();
    }
    auto const& manifest = *target.manifest;
    ChunkFinder finder(fd->get(), manifest, *target.algorithm);
    for (std::uint32_t chunk = 0; chunk < manifest.layout().chunks; ++chunk) {
        if (stop()) {
            return Present::other;
        }
        if (!finder.find(chunk)) {
            return finder.error() == 0 ? Result(Present::other)
                                       : disk_error("cannot read", target.name, finder.error());
        }
    }

    struct stat status {};

    if (target.written && files::fstat(fd->get(), &status) == 0) {
        if (auto const name =
                target.written->other_name(WrittenFiles::identity(status), target.name)) {
            return one_name(target, *name);
        }
    }
    remove_strays(target, at);
    if (target.durability == Durability::power) {
        int const error = sync_all(fd->get());
        if (int const failed = error != 0 ? error : sync_all(at.directory->get())) {
            return disk_error("cannot make sure that a power cut leaves", target.name, failed);
        }
    }
    return Present::same;
}

Error exists_already(PartFile::Target const& target) {
    auto const* const advice =
        target.pushed ? "a push replaces it only where the peer runs with --accept-push=replace"
                      : "use --repair to fetch only what differs, --force to replace it, or -o to "
                        "choose another name";
    return {Errc::disk,
            "'" + wire::escape(target.name) + "' exists already with other content; " + advice};
}

PartFile::PartFile(Target target) : target_(std::move(target)) {}

PartFile::~PartFile() {
    if (fd_) {
        discard_if_empty();
    }
}

void PartFile::discard_if_empty() {
    if (stored_ == 0 && scanned_) {
        discard();
    }
}

void PartFile::discard() {
    remove_journal();
    files::unlinkat(place_.directory->get(), names_->part.c_str(), 0);
}

/// Also one that an earlier run left and that could not be read.
void PartFile::remove_journal() {
    if (journal_) {
        journal_->remove();
    } else if (target_.manifest->layout().chunks > 1) {
        files::unlinkat(place_.directory->get(), names_->journal.c_str(), 0);
    }
}

void PartFile::warn(std::string const& text) const {
    if (target_.warn) {
        target_.warn(text);
    }
}

Result<std::vector<std::uint32_t>> PartFile::open(std::function<bool()> const& stop) {
    if (auto error = Tree::not_taken(target_.name)) {
        return *error;
    }
    if (!place_.directory) {
        auto const make = commits() ? Tree::Make::synced : Tree::Make::yes;
        auto at = find_place(make);
        if (!at) {
            return at.error();
        }
        place_ = std::move(*at);
    }
    names_.emplace(target_.content, place_.leaf);
    if (target_.manifest->layout().chunks <= 1 && !target_.repair) {
        scanned_ = true;
        return std::vector<std::uint32_t>();  // it is made when its bytes are here
    }
    return open_part(stop);
}

/// A file of one chunk, or none. A few calls instead of all that open_part() does; that is left for
/// when something has the temporary's name.
Status PartFile::make_small() {
    int const directory = place_.directory->get();
    fd_ = files::Fd(files::openat(directory, names_->part.c_str(),
                                  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!fd_ && errno != EEXIST) {
        return cannot_make(errno);
    }
    if (fd_ && lock_small()) {
        return done();
    }
    kept_ = files::Fd();
    auto const opened = open_part([] { return false; });
    stored_ = 0;  // what is there is written once more
    return opened ? done() : Status(opened.error());
}

/// Keeps `cleanup` off, unless it was quicker. The lock is on a descriptor that only reads from the
/// beginning, so that it is kept when fd_ is closed, which is before the file has its name. Without
/// locks there is nothing to be done.
bool PartFile::lock_small() {
    kept_ = files::Fd(files::openat(place_.directory->get(), names_->part.c_str(),
                                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));

    struct stat made {};

    struct stat named {};

    bool const busy =
        !kept_ || (files::flock(kept_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EAGAIN);
    return !busy && files::fstat(fd_.get(), &made) == 0 && files::fstat(kept_.get(), &named) == 0 &&
           same_file(made, named) && named.st_nlink > 0;
}

Error PartFile::cannot_make(int error) {
    return is_no_room(error) ? no_room(error)
                             : disk_error("cannot write in the directory of", target_.name, error);
}

Result<std::vector<std::uint32_t>> PartFile::open_part(std::function<bool()> const& stop) {
    if (auto locked = lock(); !locked) {
        return locked.error();
    }
    if (int const error = is_claimed(place_.directory->get(), *names_)
                              ? release_claim(place_.directory->get(), *names_)
                              : 0) {
        return disk_error("cannot remove what an earlier run left of", target_.name, error);
    }
    find_journal();
    auto chunks = scan(stop);
    stored_ = static_cast<std::uint32_t>(chunks.size());
    if (!scanned_) {
        return chunks;
    }
    if (auto reserved = reserve_space(); !reserved) {
        return reserved.error();
    }
    if (journal_) {
        journal_->begin(chunks);
    }
    synced_at_ = Clock::now();
    if (target_.repair) {
        if (auto reused = reuse_old(chunks, stop); !reused) {
            return reused.error();
        }
    }
    return chunks;
}

/// Opens the temporary file for this download alone. Its last owner may rename or remove it at any
/// time before it is locked; what has the name then is another file.
Status PartFile::lock() {
    auto const directory = place_.directory->get();
    auto const& part = names_->part;
    auto outcome = PartLock::Outcome::busy;
    for (int tries = 0; tries < open_tries; ++tries) {
        fd_ = files::Fd(files::openat(
            directory, part.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666));
        if (!fd_) {
            return cannot_make(errno);
        }
        outcome = lock_.take(fd_.get());
        if (outcome == PartLock::Outcome::failed) {
            break;
        }
        if (outcome == PartLock::Outcome::busy) {
            std::this_thread::sleep_for(open_pause);
            continue;
        }

        struct stat opened {};

        struct stat named {};

        bool const same =
            files::fstat(fd_.get(), &opened) == 0 &&
            files::fstatat(directory, part.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            same_file(opened, named);
        if (same && S_ISREG(opened.st_mode) && opened.st_nlink == 1) {
            if (outcome == PartLock::Outcome::held_here_only) {
                warn("this file system has no file locks: two programs must not download '" +
                     wire::escape(target_.name) + "' to the same place at once");
            }
            return done();
        }
        if (same) {
            fd_ = files::Fd();
            return Error{Errc::disk, "the temporary file of '" + wire::escape(target_.name) +
                                         "' is not a plain file; remove " + part};
        }
    }
    int const error = errno;
    fd_ = files::Fd();
    if (outcome == PartLock::Outcome::failed) {
        return disk_error("cannot lock the temporary file of", target_.name, error);
    }
    return Error{Errc::disk, "'" + wire::escape(target_.name) +
                                 "' is being downloaded to the same place already"};
}

void PartFile::find_journal() {
    struct stat status {};

    auto const& manifest = *target_.manifest;
    if (manifest.layout().chunks > 1 && files::fstat(fd_.get(), &status) == 0) {
        journal_.emplace(Place{place_.directory, names_->journal},
                         JournalSubject{manifest.chunk_bytes, manifest.layout().chunks,
                                        manifest.file_bytes, status.st_dev, status.st_ino,
                                        target_.content, journal_leaf(place_.leaf)});
    }
}

Status PartFile::reserve_space() {
    int const error =
        storage::reserve_space(place_.directory->get(), fd_.get(), target_.manifest->file_bytes);
    return error == 0          ? done()
           : is_no_room(error) ? no_room(error)
                               : disk_error("cannot make", target_.name, error);
}

Error PartFile::no_room(int error) {
    lacked_room_ = true;
    return storage::no_room(error, place_.directory->get(), target_.name,
                            target_.manifest->file_bytes,
                            std::uint64_t{stored_} * target_.manifest->chunk_bytes);
}

/// The chunks that are there: of those that the journal claims or, without one, of all.
std::vector<std::uint32_t> PartFile::scan(std::function<bool()> const& stop) {
    auto candidates = journal_ ? journal_->load() : std::nullopt;
    ChunkFinder finder(fd_.get(), *target_.manifest, *target_.algorithm);
    if (!candidates) {
        candidates = finder.written();
    }
    std::vector<std::uint32_t> found;
    for (auto const chunk : *candidates) {
        if (stop()) {
            return found;
        }
        if (finder.find(chunk)) {
            found.push_back(chunk);
        }
    }
    scanned_ = true;
    return found;
}

/// Copies what is missing from the file under the final name, if it has the size, and adds it.
Status PartFile::reuse_old(std::vector<std::uint32_t>& chunks, std::function<bool()> const& stop) {
    auto const old = target_.tree->open_file(target_.name);

    struct stat status {};

    if (!old || files::fstat(old->get(), &status) != 0 || !has_size(status, *target_.manifest)) {
        return done();
    }
    ChunkFinder finder(old->get(), *target_.manifest, *target_.algorithm);
    auto const resumed = chunks;
    for (std::uint32_t chunk = 0; chunk < target_.manifest->layout().chunks; ++chunk) {
        if (std::ranges::binary_search(resumed, chunk)) {
            continue;
        }
        if (stop()) {
            break;
        }
        if (auto const bytes = finder.find(chunk)) {
            if (auto const written = write(chunk, *bytes); !written) {
                return written.error();
            }
            chunks.push_back(chunk);
        }
    }
    std::ranges::sort(chunks);
    return done();
}

/// Puts a verified chunk in its place; how many are there then. Where there is nothing but zeros
/// a hole stays, or becomes, a hole.
Result<std::uint32_t> PartFile::write(std::uint32_t chunk, std::span<std::byte const> bytes) {
    if (auto made = fd_ ? done() : make_small(); !made) {
        return made.error();
    }
    auto const offset = target_.manifest->layout().offset(chunk);
    bool const hole =
        is_zero(bytes) &&
        files::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset), static_cast<off_t>(bytes.size())) == 0;
    int const error = hole ? 0 : files::write_at(fd_.get(), bytes, offset).error;
    if (error != 0) {
        return is_no_room(error) ? no_room(error) : disk_error("cannot write", target_.name, error);
    }
    if (journal_) {
        journal_->append(chunk);  // after the bytes, so that it claims nothing that is not there
    }
    if (auto synced = sync_some(bytes.size()); !synced) {
        return synced.error();
    }
    return ++stored_;
}

Result<PartFile::Stored> PartFile::store(std::uint32_t chunk, std::span<std::byte const> bytes) {
    if (!is_chunk(*target_.manifest, *target_.algorithm, chunk, bytes)) {
        return Stored::corrupt;
    }
    // A long file is not fetched to its end into a directory that nobody sees any more. One of a
    // single chunk is about to be given its name, where that is looked at.
    bool const goes_on = target_.manifest->layout().chunks > 1;
    if (auto there = goes_on ? target_.tree->root_still_there(place_, target_.name) : done();
        !there) {
        return there.error();
    }
    auto const count = write(chunk, bytes);
    if (!count) {
        return count.error();
    }
    return *count == target_.manifest->layout().chunks ? Stored::last : Stored::yes;
}

Result<std::shared_ptr<PartReader const>> PartFile::reader() const {
    files::Fd fd;
    if (fd_) {
        fd = files::Fd(files::openat(place_.directory->get(), names_->part.c_str(),
                                     O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    }

    struct stat mine {};

    struct stat named {};

    if (!fd || files::fstat(fd_.get(), &mine) != 0 || files::fstat(fd.get(), &named) != 0 ||
        !same_file(mine, named)) {
        return Error{Errc::disk, "the temporary file of '" + wire::escape(target_.name) +
                                     "' is no longer where it was made"};
    }
    return std::make_shared<PartReader const>(std::move(fd));
}

}  // namespace xfsbus::peer::storage
