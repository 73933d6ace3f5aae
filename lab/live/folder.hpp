#pragma once

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <utility>

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

/// Makes one, with a name of its own, that only we may enter. Errc::disk.
Result<std::filesystem::path> new_folder_in(std::filesystem::path const& directory);

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
