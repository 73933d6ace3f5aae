#include "disks.hpp"

#include "swarm.hpp"

#include <linux/loop.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
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

bool is_mounted(fs::path const& path) {
    std::ifstream table("/proc/self/mounts");
    for (std::string device, at, rest; table >> device >> at && std::getline(table, rest);) {
        if (at == path.string()) {
            return true;
        }
    }
    return false;
}

/// Waits until nobody uses it.
void unmount_at(fs::path const& path) {
    eventually("nobody uses " + path.string(), [&] { return ::umount2(path.c_str(), 0) == 0; });
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

Mount::Mount(fs::path path, std::string device, std::string type, std::string const& options)
    : path_(std::move(path)),
      device_(std::move(device)),
      type_(std::move(type)),
      problem_(own_mounts()) {
    fs::create_directories(path_);
    if (problem_.empty()) {
        problem_ =
            problem_of(::mount(device_.c_str(), path_.c_str(), type_.c_str(), 0, options.c_str()),
                       "cannot mount " + type_);
    }
}

Mount::~Mount() {
    if (problem_.empty()) {
        ::umount2(path_.c_str(), MNT_DETACH);
    }
}

std::string Mount::remount(std::string const& options) const {
    return problem_of(
        ::mount(device_.c_str(), path_.c_str(), type_.c_str(), MS_REMOUNT, options.c_str()),
        "cannot mount again");
}

void Mount::unmount() {
    unmount_at(path_);
    problem_ = "unmounted";
}

// ---- disks ----

LoopDevice::LoopDevice(fs::path const& file, std::uint64_t bytes) {
    std::ofstream(file).close();
    fs::resize_file(file, bytes);
    files::Fd const image(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    files::Fd const control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control) {
        throw std::runtime_error(problem_of(-1, "/dev/loop-control"));
    }
    // Another program may take the free one first.
    eventually("there is a free loop device", [&] {
        path_ = "/dev/loop" + std::to_string(::ioctl(control.get(), LOOP_CTL_GET_FREE));
        fd_ = files::Fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        loop_config config{};
        config.fd = static_cast<unsigned>(image.get());
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;  // it goes with its last user
        if (fd_ && ::ioctl(fd_.get(), LOOP_CONFIGURE, &config) == 0) {
            return true;
        }
        if (errno != EBUSY) {
            throw std::runtime_error(problem_of(-1, path_));
        }
        return false;
    });
}

FormattedDisk::FormattedDisk(fs::path const& file, std::uint64_t bytes, std::string const& mkfs,
                             std::vector<std::string> options)
    : problem_(own_mounts()) {
    if (!problem_.empty()) {
        return;
    }
    try {
        device_ = std::make_unique<LoopDevice>(file, bytes);
        options.push_back(device_->path());
        problem_ = run_program(mkfs, options);
    } catch (std::runtime_error const& error) {
        problem_ = error.what();
    }
}

// ---- FuseMount ----

FuseMount::FuseMount(fs::path path, std::string const& program,
                     std::vector<std::string> const& arguments)
    : path_(std::move(path)), problem_(own_mounts()) {
    fs::create_directories(path_);
    auto const file = program_file(program);
    if (problem_.empty() && file.empty()) {
        problem_ = "there is no " + program;
    }
    if (!problem_.empty()) {
        return;
    }
    program_ = std::make_unique<Process>(file, Process::Options{.arguments = arguments,
                                                                .environment = {},
                                                                .home = fs::temp_directory_path(),
                                                                .directory = {}});
    eventually(program + " has mounted, or ended",
               [&] { return program_->output().closed || is_mounted(path_); });
    if (!is_mounted(path_)) {
        problem_ = program + " failed: " + program_->err();
    }
}

FuseMount::~FuseMount() {
    if (problem_.empty()) {
        ::umount2(path_.c_str(), MNT_DETACH);
    }
}

void FuseMount::unmount() {
    unmount_at(path_);
    problem_ = "unmounted";
    program_->wait();
}

}  // namespace xfsbus::test
