#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <sys/types.h>

namespace xfsbus::peer::storage {

/// A directory of a Tree, and the last part of a name in it.
struct Place {
    std::shared_ptr<files::Fd const> directory;
    std::string leaf;
    std::shared_ptr<files::Fd const> root{};         ///< of the tree, when it was walked to
    std::chrono::steady_clock::time_point walked{};  ///< when it was
};

/// What says at the top of a share what of it is not shared. Nobody else may write it.
inline constexpr std::string_view ignore_file = ".xfsignore";

/// Everything below one directory, and nothing outside it. Names are walked part by part from an
/// open directory, never through a symbolic link, so that neither a name from the network nor a
/// link put there meanwhile leads out of it.
///
/// The directory is the one that its path leads to. It may be moved away, replaced, unmounted, or
/// stand behind a link that is switched; so each call compares what is open with the path, and goes
/// on with what stands there now. Thread-safe.
class Tree {
  public:
    /// Fails with Errc::disk if it is not a directory that can be entered.
    static Result<std::shared_ptr<Tree>> open(std::filesystem::path const& root);

    /// What becomes of directories that are not there.
    enum class Make {
        no,
        yes,
        synced,  ///< they are made, and survive a power cut
    };

    /// The directory that the path leads to now: another one than before if that is no longer the
    /// same. Fails with Errc::disk, errno, and a sentence about the directory if there is none, or
    /// if it was mounted and is not any more: what was put into the empty mount point would be
    /// hidden when it is mounted again.
    [[nodiscard]] Result<std::shared_ptr<files::Fd const>> directory() const;

    /// The directory that holds a name, which must have passed wire::name_problem. Nothing is made
    /// for the ignore_file.
    [[nodiscard]] Result<Place> place(std::string_view name, Make make) const;

    /// Why nobody may put a file of this name here, whatever else is true; nullopt if he may.
    static std::optional<Error> not_taken(std::string_view name);

    /// Fails with Errc::disk if a place that was given for this name is not where the name leads
    /// now: its directory, or one above, was moved or replaced.
    [[nodiscard]] Status still_there(Place const& place, std::string_view name) const;

    /// Fails with Errc::disk if it is certain that what a place stands below is not where the
    /// path leads to now: that is gone, unmounted, or another directory. A look at the root alone,
    /// so cheap that it may be done for each chunk.
    [[nodiscard]] Status root_still_there(Place const& place, std::string_view name) const;

    /// Opens a regular file for reading. errno says why it could not be opened: EISDIR that it is
    /// something else, also where that is no directory.
    [[nodiscard]] Result<files::Fd> open_file(std::string_view name) const;
    /// The same at the place that the name leads to; `status` is the file's.
    [[nodiscard]] static Result<files::Fd> open_file(Place const& at, std::string_view name,
                                                     struct stat& status);

    /// As it was given to open().
    [[nodiscard]] std::filesystem::path const& root() const { return root_; }

  private:
    /// The open directory, and what tells it from another.
    struct Root {
        std::shared_ptr<files::Fd const> fd;  ///< null: there was none when it was looked for last
        dev_t device = 0;
        ino_t inode = 0;
        bool mounted = false;        ///< something is mounted there
        std::filesystem::path real;  ///< where the path led, without links
    };

    Tree(std::filesystem::path root, std::filesystem::path path, Root opened);

    static Result<Root> open_root(std::filesystem::path const& path);
    [[nodiscard]] Error lost(std::string_view what, int error) const;
    static Result<std::shared_ptr<files::Fd const>> below(files::Fd const& root,
                                                          std::string_view name, Make make);

    std::filesystem::path root_;
    std::filesystem::path path_;  ///< the same from "/" on: the working directory may move, too
    mutable std::mutex mutex_;
    mutable Root opened_;  ///< guarded by mutex_
};

/// The Error for a failed call on a file: Errc::disk, with what was done, to what, and why.
Error disk_error(std::string_view what, std::string_view name, int error);

}  // namespace xfsbus::peer::storage
