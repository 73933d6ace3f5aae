#pragma once

#include "process.hpp"

#include <xfsbus/files/fd.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
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

/// Something mounted at a directory, which is made, until the end of the scope. Where it cannot be,
/// there is a problem instead.
class Mount {
  public:
    /// With mount(2).
    Mount(std::filesystem::path path, std::string device, std::string type,
          std::string const& options);

    /// A small file system in memory.
    static Mount tmpfs(std::filesystem::path path, std::string const& options) {
        return {std::move(path), "xfs-test", "tmpfs", options};
    }

    ~Mount();
    Mount(Mount const&) = delete;
    Mount& operator=(Mount const&) = delete;

    /// Changes its options.
    [[nodiscard]] std::string remount(std::string const& options) const;

    /// Waits until nobody uses it.
    void unmount();

    /// Empty while it is mounted.
    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    std::filesystem::path path_;
    std::string device_;
    std::string type_;
    std::string problem_;
};

/// A new file as a disk, until the end of the scope, however the program ends.
class LoopDevice {
  public:
    /// Throws std::runtime_error where that is not allowed.
    LoopDevice(std::filesystem::path const& file, std::uint64_t bytes);

    /// "/dev/loop3".
    [[nodiscard]] std::string const& path() const { return path_; }

  private:
    files::Fd fd_;
    std::string path_;
};

/// A disk with a file system on it, made by a program such as mkfs.ext4. Where that cannot be,
/// there is a problem instead.
class FormattedDisk {
  public:
    FormattedDisk(std::filesystem::path const& file, std::uint64_t bytes, std::string const& mkfs,
                  std::vector<std::string> options = {});

    [[nodiscard]] std::string const& problem() const { return problem_; }

    /// Its device.
    [[nodiscard]] std::string const& path() const { return device_->path(); }

  private:
    std::unique_ptr<LoopDevice> device_;
    std::string problem_;
};

/// A file system that a program serves, which is not to detach itself; until the end of the scope.
/// Where that cannot be, there is a problem instead.
class FuseMount {
  public:
    FuseMount(std::filesystem::path path, std::string const& program,
              std::vector<std::string> const& arguments);
    ~FuseMount();
    FuseMount(FuseMount const&) = delete;
    FuseMount& operator=(FuseMount const&) = delete;

    /// Waits until nobody uses it, and until its program has ended.
    void unmount();

    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    std::filesystem::path path_;
    std::unique_ptr<Process> program_;
    std::string problem_;
};

}  // namespace xfsbus::test
