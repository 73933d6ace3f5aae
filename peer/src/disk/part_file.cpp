#include "disk/part_file.hpp"

#include "disk/chunk_finder.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/fnv.hpp>
#include <xfsbus/wire/name.hpp>

#include <linux/magic.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

namespace xfsbus::peer {
namespace {

/// How often the temporary file is opened if it changes hands meanwhile.
constexpr int open_tries = 16;

std::string mib(std::uint64_t bytes) {
    return std::to_string((bytes + 1048575) / 1048576) + " MiB";
}

/// A file system in memory has nothing to gain from preallocation: it would only write zeros to
/// every page first.
bool in_memory(int fd) {
    struct statfs status {};

    return files::fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

/// 0 if there is room for the file to grow to this size, else ENOSPC.
int find_space(int fd, std::uint64_t bytes) {
    struct statvfs space {};

    struct stat file {};

    if (files::fstatvfs(fd, &space) != 0 || files::fstat(fd, &file) != 0 || space.f_blocks == 0) {
        return 0;  // not known, or without a limit: it shows as it is written
    }
    constexpr std::uint64_t stat_block = 512;
    auto const there = static_cast<std::uint64_t>(file.st_blocks) * stat_block;
    auto const free = std::uint64_t{space.f_bavail} * space.f_frsize;
    return bytes <= there + free ? 0 : ENOSPC;
}

Error full(std::string_view name, std::uint64_t needed, int directory) {
    std::string free;

    struct statvfs status {};

    if (files::fstatvfs(directory, &status) == 0) {
        free = ", " + mib(std::uint64_t{status.f_bavail} * status.f_frsize) + " are free";
    }
    return {Errc::disk, "the disk is full: '" + wire::escape(name) + "' needs " + mib(needed) +
                            free + "; what was fetched is kept for the next try"};
}

bool same_file(struct stat const& one, struct stat const& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool has_size(struct stat const& status, wire::Manifest const& manifest) {
    return S_ISREG(status.st_mode) &&
           static_cast<std::uint64_t>(status.st_size) == manifest.file_bytes;
}

}  // namespace

Result<PartFile::Present> PartFile::look(Target const& target, std::function<bool()> const& stop) {
    auto const at = target.tree->place(target.name, false);
    if (!at) {
        return Present::nothing;  // not even its directory; making it will say what is wrong
    }

    struct stat status {};

    if (files::fstatat(at->directory->get(), at->leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return Present::nothing;
    }
    if (!has_size(status, *target.manifest)) {
        return Present::other;
    }
    auto const fd = target.tree->open_file(target.name);
    if (!fd) {
        return fd.error();
    }
    auto const& manifest = *target.manifest;
    ChunkFinder finder(fd->get(), manifest, *target.algorithm);
    for (std::uint32_t chunk = 0; chunk < manifest.layout().chunks; ++chunk) {
        if (stop() || !finder.find(chunk)) {
            return Present::other;
        }
    }
    return Present::same;
}

Error PartFile::exists_already(Target const& target) {
    return {Errc::disk, "'" + wire::escape(target.name) +
                            "' exists already with other content; use --repair to fetch only what "
                            "differs, --force to replace it, or -o to choose another name"};
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
    if (journal_) {
        journal_->remove();
    }
    files::unlinkat(place_.directory->get(), part_leaf().c_str(), 0);
}

/// One for each content and final name, so that files with equal bytes do not get in each other's
/// way. (Equal hashes of two names would only make one of the two wait its turn.)
std::string PartFile::leaf(std::string_view suffix) const {
    auto const hash = wire::fnv1a(place_.leaf);
    std::string name_hash;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        name_hash += static_cast<char>(static_cast<unsigned char>(hash >> shift));
    }
    return ".xfs-" + wire::to_hex(target_.content.view().substr(0, 8)) + "-" +
           wire::to_hex(name_hash) + std::string(suffix);
}

Result<std::vector<std::uint32_t>> PartFile::open(std::function<bool()> const& stop) {
    auto at = target_.tree->place(target_.name, true);
    if (!at) {
        return at.error();
    }
    place_ = std::move(*at);
    if (auto locked = lock(); !locked) {
        return locked.error();
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
    auto const part = part_leaf();
    for (int tries = 0; tries < open_tries; ++tries) {
        fd_ = files::Fd(files::openat(directory, part.c_str(),
                                      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
        if (!fd_) {
            return disk_error("cannot write in the directory of", target_.name, errno);
        }
        if (files::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
            break;
        }

        struct stat opened {};

        struct stat named {};

        bool const same =
            files::fstat(fd_.get(), &opened) == 0 &&
            files::fstatat(directory, part.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            same_file(opened, named);
        if (same && S_ISREG(opened.st_mode) && opened.st_nlink == 1) {
            return done();
        }
        if (same) {
            fd_ = files::Fd();
            return Error{Errc::disk, "the temporary file of '" + wire::escape(target_.name) +
                                         "' is not a plain file; remove " + part};
        }
    }
    fd_ = files::Fd();
    return Error{Errc::disk, "'" + wire::escape(target_.name) +
                                 "' is being downloaded to the same place already"};
}

void PartFile::find_journal() {
    struct stat status {};

    auto const& manifest = *target_.manifest;
    if (manifest.layout().chunks > 1 && files::fstat(fd_.get(), &status) == 0) {
        journal_.emplace(
            Place{place_.directory, leaf(".journal")},
            JournalSubject{manifest.chunk_bytes, manifest.layout().chunks, manifest.file_bytes,
                           status.st_dev, status.st_ino, target_.content});
    }
}

/// All of it at once, so that a full disk is noticed now and not after an hour. Writing to
/// allocated space is also twice as fast.
Status PartFile::reserve_space() {
    auto const bytes = static_cast<off_t>(target_.manifest->file_bytes);
    int const error = in_memory(fd_.get()) ? find_space(fd_.get(), target_.manifest->file_bytes)
                      : bytes == 0 || files::fallocate(fd_.get(), 0, 0, bytes) == 0 ? 0
                                                                                    : errno;
    if (error == ENOSPC || error == EDQUOT) {
        return full(target_.name, target_.manifest->file_bytes, place_.directory->get());
    }
    // A filesystem without fallocate: the space is found as it is written. A longer leftover of
    // something else is cut.
    if (files::ftruncate(fd_.get(), bytes) != 0) {
        return disk_error("cannot make", target_.name, errno);
    }
    return done();
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
            ++reused_;
        }
    }
    std::ranges::sort(chunks);
    return done();
}

/// Puts a verified chunk in its place; how many are there then.
Result<std::uint32_t> PartFile::write(std::uint32_t chunk, std::span<std::byte const> bytes) {
    int const error =
        files::write_at(fd_.get(), bytes, target_.manifest->layout().offset(chunk)).error;
    if (error == ENOSPC || error == EDQUOT) {
        return full(target_.name, target_.manifest->file_bytes, place_.directory->get());
    }
    if (error != 0) {
        return disk_error("cannot write", target_.name, error);
    }
    if (journal_) {
        journal_->append(chunk);  // after the bytes, so that it claims nothing that is not there
    }
    return ++stored_;
}

Result<PartFile::Stored> PartFile::store(std::uint32_t chunk, std::span<std::byte const> bytes) {
    if (!is_chunk(*target_.manifest, *target_.algorithm, chunk, bytes)) {
        return Stored::corrupt;
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
        fd = files::Fd(files::openat(place_.directory->get(), part_leaf().c_str(),
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

Result<IndexedFile> PartFile::finish() {
    if (auto there = target_.tree->still_there(place_, target_.name); !there) {
        return there.error();
    }
    int const directory = place_.directory->get();
    auto const part = part_leaf();
    auto const rename = [&](unsigned flags) {
        return files::renameat2(directory, part.c_str(), directory, place_.leaf.c_str(), flags) ==
               0;
    };
    // Closed before it has its name, so that whoever watches the directory sees one finished file.
    auto const stamp = settle_stamp(fd_.get());
    if (!stamp) {
        return Error{Errc::disk, "the temporary file of '" + wire::escape(target_.name) +
                                     "' is no longer a regular file"};
    }
    fd_ = files::Fd();
    bool named = rename(target_.replace || target_.repair ? 0 : RENAME_NOREPLACE);
    if (!named && errno == EINVAL) {
        // A filesystem that cannot rename without replacing (NFS, some others) can link.
        named = files::linkat(directory, part.c_str(), directory, place_.leaf.c_str(), 0) == 0 &&
                files::unlinkat(directory, part.c_str(), 0) == 0;
    }
    int const error = named ? 0 : errno;
    IndexedFile const file{
        target_.name, target_.content,
        std::make_shared<std::string const>(wire::encode_manifest(*target_.manifest)), *stamp};
    if (named) {
        if (journal_) {
            journal_->remove();
        }
        return file;
    }
    // Another download of the same may have been quicker by a moment.
    auto const present =
        error == EEXIST || error == ENOENT ? look(target_, [] { return false; }) : Present::nothing;
    if (present && *present == Present::same) {
        discard();
        return file;
    }
    discard_if_empty();
    if (error == EEXIST) {
        return exists_already(target_);
    }
    return disk_error("cannot give its name to", target_.name, error);
}

}  // namespace xfsbus::peer
