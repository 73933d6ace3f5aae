#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace xfsbus::peer {

/// A directory of a Tree, and the last part of a name in it.
struct Place {
    std::shared_ptr<files::Fd const> directory;
    std::string leaf;
};

/// Everything below one directory, and nothing outside it. Names are walked part by part from an
/// open directory, never through a symbolic link, so that neither a name from the network nor a
/// link put there meanwhile leads out of it. Thread-safe.
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

    /// The directory that holds a name. The name must have passed wire::name_problem.
    [[nodiscard]] Result<Place> place(std::string_view name, Make make) const;

    /// Opens a regular file for reading. errno says why it could not be opened.
    [[nodiscard]] Result<files::Fd> open_file(std::string_view name) const;

    [[nodiscard]] std::filesystem::path const& root() const { return root_; }

  private:
    Tree(std::filesystem::path root, files::Fd fd);

    [[nodiscard]] Result<std::shared_ptr<files::Fd const>> directory(std::string_view name,
                                                                     Make make) const;

    std::filesystem::path root_;
    std::shared_ptr<files::Fd const> fd_;
};

/// The Error for a failed call on a file: Errc::disk, with what was done, to what, and why.
Error disk_error(std::string_view what, std::string_view name, int error);

}  // namespace xfsbus::peer
