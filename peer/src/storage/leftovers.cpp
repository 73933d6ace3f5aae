#include "storage/leftovers.hpp"

#include "storage/final_name.hpp"
#include "storage/journal.hpp"
#include "storage/part_lock.hpp"
#include "storage/temporary.hpp"
#include "storage/tree.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/peer/leftovers.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::uint64_t stat_block = 512;
/// Deeper directories than names can name hold nothing of ours.
constexpr std::size_t depth_most = 64;

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

/// Calls it for each entry of an open directory. Returns 0 or errno.
int for_each_entry(int directory, std::function<void(char const*)> const& use) {
    files::Fd fd(files::openat(directory, ".", directory_flags));
    std::unique_ptr<DIR, CloseDir> const dir(fd ? files::fdopendir(fd.get()) : nullptr);
    if (!dir) {
        return errno;
    }
    static_cast<void>(fd.release());  // closedir closes it
    errno = 0;
    while (auto const* entry = files::readdir(dir.get())) {
        use(entry->d_name);
    }
    return errno;
}

std::uint64_t blocks_of(struct stat const& status) {
    return static_cast<std::uint64_t>(status.st_blocks) * stat_block;
}

std::chrono::nanoseconds since_epoch(timespec const& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// What a file says of its last write may have been set back; that of its last change cannot, but
/// not every file system keeps it.
std::chrono::nanoseconds last_change(struct stat const& status) {
    return std::max(since_epoch(status.st_mtim), since_epoch(status.st_ctim));
}

/// The part that a temporary file belongs to, or is.
std::string part_beside(std::string const& leaf) {
    return leaf.substr(0, leaf.rfind('.')) + ".part";
}

/// What a part's journal says, or nothing.
std::optional<JournalReport> journal_at(int directory, std::string const& leaf) {
    files::Fd const fd(
        files::openat(directory, leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));

    struct stat status {};

    if (!fd || files::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    constexpr std::uint64_t journal_most = 64ULL * 1024 * 1024;
    std::string bytes(
        std::min<std::uint64_t>(static_cast<std::uint64_t>(status.st_size), journal_most), '\0');
    bytes.resize(files::read_at(fd.get(), std::as_writable_bytes(std::span(bytes)), 0).bytes);
    return report_of_journal(bytes);
}

bool is_in_use(int directory, std::string const& leaf) {
    files::Fd const fd(
        files::openat(directory, leaf.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    PartLock lock;
    return fd && lock.take(fd.get()) == PartLock::Outcome::busy;
}

/// Walks a tree for what downloads have left there.
class Search {
  public:
    using OnUnread = std::function<void(Error const&)>;

    explicit Search(OnUnread const& on_unread) : on_unread_(on_unread) {}

    Result<std::vector<Leftover>> run(Tree const& tree) {
        auto const root = tree.place("x", Tree::Make::no);
        if (!root) {
            return root.error();
        }
        if (int const error = walk(root->directory->get(), "", 0)) {
            return disk_error("cannot read directory", tree.root().string(), error);
        }
        std::ranges::stable_sort(all_, std::greater(), &Leftover::age);
        return std::move(all_);
    }

  private:
    int walk(int directory, std::string const& prefix, std::size_t depth) {
        std::vector<std::string> below;
        std::vector<std::string> here;
        int const error = for_each_entry(directory, [&](std::string const& leaf) {
            struct stat status {};

            if (leaf == "." || leaf == ".." ||
                files::fstatat(directory, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
                return;
            }
            if (S_ISDIR(status.st_mode)) {
                below.push_back(leaf);
            } else if (temporary_kind(leaf) != Temporary::none && S_ISREG(status.st_mode)) {
                here.push_back(leaf);
            }
        });
        note_all(directory, prefix, here);
        for (auto const& leaf : depth < depth_most ? below : decltype(below)()) {
            go_down(directory, leaf, prefix + leaf, depth);
        }
        return error;
    }

    void go_down(int directory, std::string const& leaf, std::string const& name,
                 std::size_t depth) {
        files::Fd const fd(files::openat(directory, leaf.c_str(), directory_flags));
        int const error = fd ? walk(fd.get(), name + "/", depth + 1) : errno;
        if (error != 0 && error != ENOENT && on_unread_) {
            on_unread_(disk_error("cannot read directory", name, error));
        }
    }

    /// A part stands for what belongs to it.
    void note_all(int directory, std::string const& prefix, std::vector<std::string> const& here) {
        std::set<std::string> const leaves(here.begin(), here.end());
        for (auto const& leaf : here) {
            bool const part = temporary_kind(leaf) == Temporary::part;
            if (part || !leaves.contains(part_beside(leaf))) {
                note(directory, prefix, leaf);
            }
        }
    }

    void note(int directory, std::string const& prefix, std::string const& leaf) {
        struct stat status {};

        if (files::fstatat(directory, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return;
        }
        Leftover found;
        found.path = prefix + leaf;
        found.bytes = blocks_of(status);
        found.age = std::chrono::floor<std::chrono::seconds>(
            std::max(now_ - last_change(status), std::chrono::nanoseconds(0)));
        TemporaryNames const names(part_beside(leaf));
        auto const journal = journal_at(directory, names.journal);
        std::string const name =
            journal ? std::string(journal->subject.leaf.data()) : claimed_name(directory, names);
        found.name = name.empty() ? name : prefix + name;
        if (leaf == names.part) {
            found.in_use = is_in_use(directory, leaf);
            found.chunks = journal ? journal->subject.chunk_count : 0;
            found.chunks_here = journal ? static_cast<std::uint32_t>(journal->claimed) : 0;
        }
        all_.push_back(std::move(found));
    }

    OnUnread const& on_unread_;
    std::vector<Leftover> all_;
    std::chrono::nanoseconds now_ = std::chrono::system_clock::now().time_since_epoch();
};

Result<Removal> removal(int error, std::string const& path) {
    return error == 0 || error == ENOENT ? Result(Removal::done)
                                         : disk_error("cannot remove", path, error);
}

/// The owner of the part's lock may do this.
Result<Removal> remove_all(int directory, TemporaryNames const& names, std::string const& path) {
    if (int const error = release_claim(directory, names)) {
        return disk_error("cannot remove what belongs to", path, error);
    }
    files::unlinkat(directory, names.journal.c_str(), 0);
    return removal(files::unlinkat(directory, names.part.c_str(), 0) == 0 ? 0 : errno, path);
}

/// By the time that it is locked it may be another download's, or have its final name.
Result<Removal> remove_part(int directory, std::string const& leaf, std::string const& path) {
    files::Fd const fd(
        files::openat(directory, leaf.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return errno == ENOENT ? Result(Removal::done) : disk_error("cannot open", path, errno);
    }
    PartLock lock;
    switch (lock.take(fd.get())) {
        case PartLock::Outcome::busy:
            return Removal::in_use;
        case PartLock::Outcome::failed:
            return disk_error("cannot lock", path, errno);
        default:
            return has_name(fd.get(), directory, leaf)
                       ? remove_all(directory, TemporaryNames(leaf), path)
                       : Result(Removal::in_use);
    }
}

/// One whose part is gone.
Result<Removal> remove_orphan(int directory, std::string const& leaf, std::string const& path) {
    TemporaryNames const names(part_beside(leaf));

    struct stat status {};

    if (files::fstatat(directory, names.part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return Removal::in_use;  // it belongs to a download that has begun since
    }
    if (leaf == names.claim) {
        return removal(release_claim(directory, names), path);
    }
    return removal(files::unlinkat(directory, leaf.c_str(), 0) == 0 ? 0 : errno, path);
}

}  // namespace

Unfinished unfinished_in(int directory) {
    Unfinished all;
    for_each_entry(directory, [&](char const* leaf) {
        struct stat status {};

        if (temporary_kind(leaf) == Temporary::part &&
            files::fstatat(directory, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            ++all.count;
            all.bytes += blocks_of(status);
        }
    });
    return all;
}

}  // namespace xfsbus::peer::storage

// The public calls.
namespace xfsbus::peer {

using namespace storage;

Result<std::vector<Leftover>> find_leftovers(std::filesystem::path const& directory,
                                             std::function<void(Error const&)> const& on_unread) {
    auto const tree = Tree::open(directory);
    return tree ? Search(on_unread).run(**tree) : Result<std::vector<Leftover>>(tree.error());
}

Result<Removal> remove_leftover(std::filesystem::path const& directory, Leftover const& leftover) {
    auto const tree = Tree::open(directory);
    if (!tree) {
        return tree.error();
    }
    auto const at = (*tree)->place(leftover.path, Tree::Make::no);
    if (!at) {
        return at.error();
    }
    int const in = at->directory->get();
    switch (temporary_kind(at->leaf)) {
        case Temporary::part:
            return remove_part(in, at->leaf, leftover.path);
        case Temporary::claim:
        case Temporary::journal:
            return remove_orphan(in, at->leaf, leftover.path);
        case Temporary::none:
            break;
    }
    return Error{Errc::disk, "'" + wire::escape(leftover.path) + "' is no file of a download"};
}

}  // namespace xfsbus::peer
