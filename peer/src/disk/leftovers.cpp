#include "disk/leftovers.hpp"

#include "disk/final_name.hpp"
#include "disk/journal.hpp"
#include "disk/part_lock.hpp"
#include "disk/temporary.hpp"
#include "disk/tree.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/peer/leftovers.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer {
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
            files::Fd const fd(files::openat(directory, leaf.c_str(), directory_flags));
            if (fd) {
                walk(fd.get(), prefix + leaf + "/", depth + 1);
            }
        }
        return error;
    }

    /// A part stands for what belongs to it.
    void note_all(int directory, std::string const& prefix, std::vector<std::string> const& here) {
        std::set<std::string> const leaves(here.begin(), here.end());
        for (auto const& leaf : here) {
            auto const stem = leaf.substr(0, leaf.rfind('.'));
            if (temporary_kind(leaf) == Temporary::part || !leaves.contains(stem + ".part")) {
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
        found.age = std::chrono::seconds(std::max<std::int64_t>(now_ - status.st_mtim.tv_sec, 0));
        if (temporary_kind(leaf) == Temporary::part) {
            found.in_use = is_in_use(directory, leaf);
            if (auto const journal = journal_at(directory, TemporaryNames(leaf).journal)) {
                found.name = prefix + journal->subject.leaf.data();
                found.chunks = journal->subject.chunk_count;
                found.chunks_here = static_cast<std::uint32_t>(journal->claimed);
            }
        }
        all_.push_back(std::move(found));
    }

    std::vector<Leftover> all_;
    std::int64_t now_ = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
};

Status remove_part(int directory, std::string const& leaf, std::string const& path) {
    files::Fd const fd(
        files::openat(directory, leaf.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return errno == ENOENT ? done() : disk_error("cannot open", path, errno);
    }
    PartLock lock;
    auto const outcome = lock.take(fd.get());
    if (outcome == PartLock::Outcome::busy) {
        return Error{Errc::disk, "'" + wire::escape(path) + "' is in use by a download"};
    }
    if (outcome == PartLock::Outcome::failed) {
        return disk_error("cannot lock", path, errno);
    }
    TemporaryNames const names(leaf);
    if (int const error = release_claim(directory, names)) {
        return disk_error("cannot remove what belongs to", path, error);
    }
    files::unlinkat(directory, names.journal.c_str(), 0);
    if (files::unlinkat(directory, leaf.c_str(), 0) != 0 && errno != ENOENT) {
        return disk_error("cannot remove", path, errno);
    }
    return done();
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

Result<std::vector<Leftover>> find_leftovers(std::filesystem::path const& directory) {
    auto const tree = Tree::open(directory);
    return tree ? Search().run(**tree) : Result<std::vector<Leftover>>(tree.error());
}

Status remove_leftover(std::filesystem::path const& directory, Leftover const& leftover) {
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
        case Temporary::claim: {
            auto const stem = at->leaf.substr(0, at->leaf.rfind('.'));
            int const error = release_claim(in, TemporaryNames(stem + ".part"));
            return error == 0 ? done() : disk_error("cannot remove", leftover.path, error);
        }
        case Temporary::journal:
            return files::unlinkat(in, at->leaf.c_str(), 0) == 0 || errno == ENOENT
                       ? done()
                       : disk_error("cannot remove", leftover.path, errno);
        case Temporary::none:
            break;
    }
    return Error{Errc::disk, "'" + wire::escape(leftover.path) + "' is no file of a download"};
}

}  // namespace xfsbus::peer
