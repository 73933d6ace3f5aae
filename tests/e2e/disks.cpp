#include "disks.hpp"

#include "swarm.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace xfsbus::test {
namespace {

namespace fs = std::filesystem;

std::string problem_of(int result, std::string const& what) {
    return result == 0 ? std::string() : what + ": " + std::strerror(errno);
}

std::string separate_mounts() {
    if (::geteuid() != 0) {
        return "only root may mount";
    }
    auto problem = problem_of(::unshare(CLONE_NEWNS), "no mounts of its own");
    return problem.empty() ? problem_of(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
                                        "no mounts of its own")
                           : problem;
}

}  // namespace

std::string const& own_mounts() {
    static std::string const problem = separate_mounts();
    return problem;
}

std::string program_file(std::string const& name) {
    char const* const set = std::getenv("PATH");
    std::istringstream path(std::string(set != nullptr ? set : "") + ":/usr/sbin:/sbin");
    for (std::string directory; std::getline(path, directory, ':');) {
        auto const program = fs::path(directory) / name;
        if (::access(program.c_str(), X_OK) == 0) {
            return program.string();
        }
    }
    return {};
}

std::string run_program(std::string const& name, std::vector<std::string> const& arguments) {
    auto const program = program_file(name);
    if (program.empty()) {
        return "there is no " + name;
    }
    auto const ended = run_to_end(program, {.arguments = arguments,
                                            .environment = {},
                                            .home = fs::temp_directory_path(),
                                            .directory = {}});
    return ended.code == 0 ? "" : name + " failed: " + ended.err;
}

// ---- Mount ----

Mount::Mount(fs::path path, std::string const& type, std::string const& options)
    : path_(std::move(path)), type_(type), problem_(own_mounts()) {
    fs::create_directories(path_);
    if (problem_.empty()) {
        problem_ = problem_of(::mount("xfs-test", path_.c_str(), type_.c_str(), 0, options.c_str()),
                              "mount " + type_);
    }
}

Mount::~Mount() {
    if (problem_.empty()) {
        ::umount2(path_.c_str(), MNT_DETACH);
    }
}

std::string Mount::remount(std::string const& options) const {
    return problem_of(
        ::mount("xfs-test", path_.c_str(), type_.c_str(), MS_REMOUNT, options.c_str()), "remount");
}

// ---- Ext4Image ----

Ext4Image::Ext4Image(fs::path path, Options options)
    : path_(std::move(path)),
      image_(path_.string() + ".img"),
      options_(std::move(options)),
      problem_(own_mounts()) {
    fs::create_directories(path_);
    if (!problem_.empty()) {
        return;
    }
    std::ofstream(image_).close();
    fs::resize_file(image_, options_.bytes);
    auto words = options_.mkfs;
    words.insert(words.begin(), {"-q", "-F"});
    words.push_back(image_.string());
    problem_ = run_program("mkfs.ext4", words);
    if (problem_.empty()) {
        mount();
    }
}

Ext4Image::~Ext4Image() {
    unmount();
}

void Ext4Image::mount() {
    problem_ = run_program("mount", {"-n", "-t", "ext4", "-o", "loop" + options_.mount,
                                     image_.string(), path_.string()});
    mounted_ = problem_.empty();
}

void Ext4Image::unmount() {
    if (std::exchange(mounted_, false)) {
        ::umount2(path_.c_str(), MNT_DETACH);
    }
}

std::string Ext4Image::cut_power() const {
    constexpr unsigned long shutdown = _IOR('X', 125, std::uint32_t);
    std::uint32_t no_log_flush = 2;
    int const fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto problem = problem_of(::ioctl(fd, shutdown, &no_log_flush), "EXT4_IOC_SHUTDOWN");
    ::close(fd);
    return problem;
}

void Ext4Image::mount_again() {
    // Not MNT_DETACH: it must be gone before it is mounted anew.
    eventually("the disk is not in use", [&] { return ::umount2(path_.c_str(), 0) == 0; });
    mounted_ = false;
    mount();
    if (!problem_.empty()) {
        throw std::runtime_error(problem_);
    }
}

}  // namespace xfsbus::test
