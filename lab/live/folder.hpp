#pragma once

#include "results/mark.hpp"

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::lab::live {

/// A folder that is removed, with all that is in it, at the end of the scope.
class Folder {
  public:
    explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

    ~Folder();
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Where real programs have their files: a folder with a name of its own that only we may enter,
/// and that is marked as in use.
class WorkFolder {
  public:
    /// Errc::disk.
    static Result<WorkFolder> make_in(std::filesystem::path const& directory);

    /// Ours alone, and empty at first.
    [[nodiscard]] std::filesystem::path work() const { return folder_->path() / "work"; }

  private:
    WorkFolder(std::unique_ptr<Folder> folder, results::Mark mark)
        : folder_(std::move(folder)), mark_(std::move(mark)) {}

    std::unique_ptr<Folder> folder_;
    results::Mark mark_;
};

/// Removes folders of ours there whose xfs-lab was killed; a sentence for each.
std::vector<std::string> remove_left_in(std::filesystem::path const& directory);

/// While it lives, programs whose run was killed are ours; in the end it waits for them, which are
/// killed as well, so that nothing is written any more. One at a time, where the program has no
/// other children that it wants to hear of.
class Orphans {
  public:
    Orphans();
    ~Orphans();
    Orphans(Orphans const&) = delete;
    Orphans& operator=(Orphans const&) = delete;
};

}  // namespace xfsbus::lab::live
