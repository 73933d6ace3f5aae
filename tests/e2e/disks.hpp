#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::test {

/// From now on what is mounted by this thread, and by the programs that it starts, is theirs alone,
/// and gone when they have ended, however. Empty, or why that cannot be.
std::string const& own_mounts();

/// Where the system has a program; empty: it has none of this name.
std::string program_file(std::string const& name);

/// Runs a program of the system to its end. Empty, or what went wrong.
std::string run_program(std::string const& name, std::vector<std::string> const& arguments);

/// A mount, until the end of the scope. Where it cannot be, there is a problem instead.
class Mount {
  public:
    /// With mount(2); makes the directory.
    Mount(std::filesystem::path path, std::string const& type, std::string const& options);
    ~Mount();
    Mount(Mount const&) = delete;
    Mount& operator=(Mount const&) = delete;

    /// Changes its options.
    [[nodiscard]] std::string remount(std::string const& options) const;

    /// Empty while it is mounted.
    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    std::filesystem::path path_;
    std::string type_;
    std::string problem_;
};

/// An ext4 file system in a file, mounted until the end of the scope. Where that cannot be, there
/// is a problem instead.
class Ext4Image {
  public:
    struct Options {
        std::uint64_t bytes = 0;
        std::vector<std::string> mkfs{};  ///< options of mkfs.ext4
        std::string mount{};              ///< options of mount, with a comma before each
    };

    /// The file is beside the directory, which is made.
    Ext4Image(std::filesystem::path path, Options options);
    ~Ext4Image();
    Ext4Image(Ext4Image const&) = delete;
    Ext4Image& operator=(Ext4Image const&) = delete;

    [[nodiscard]] std::string const& problem() const { return problem_; }

    /// Nothing is written to the disk any more, not even the log of the file system. Empty, or why
    /// that cannot be.
    [[nodiscard]] std::string cut_power() const;
    /// As after the machine was started again.
    void mount_again();

  private:
    void mount();
    void unmount();

    std::filesystem::path path_;
    std::filesystem::path image_;
    Options options_;
    std::string problem_;
    bool mounted_ = false;
};

}  // namespace xfsbus::test
