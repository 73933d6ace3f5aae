#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::test {
namespace {

int checked(int result, char const* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

/// The descriptors of a child: its standard streams, and our ends of them.
struct Streams {
    std::array<int, 3> child{-1, -1, -1};
    int in = -1;
    int out = -1;
    int err = -1;
};

Streams pipes() {
    std::array<std::array<int, 2>, 3> ends{};
    for (auto& pair : ends) {
        checked(::pipe2(pair.data(), O_CLOEXEC), "pipe2");
    }
    return {{ends[0][0], ends[1][1], ends[2][1]}, ends[0][1], ends[1][0], ends[2][0]};
}

Streams terminal() {
    int const ours = checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
    checked(::grantpt(ours), "grantpt");
    checked(::unlockpt(ours), "unlockpt");
    std::array<char, 128> name{};
    checked(::ptsname_r(ours, name.data(), name.size()), "ptsname_r");
    int const theirs = checked(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open a pty");
    winsize const size{40, 120, 0, 0};
    checked(::ioctl(theirs, TIOCSWINSZ, &size), "TIOCSWINSZ");
    int const read_end = checked(::fcntl(ours, F_DUPFD_CLOEXEC, 0), "dup");
    return {{theirs, theirs, theirs}, ours, read_end, -1};
}

bool is_inherited(std::string_view variable) {
    return std::ranges::none_of(
        std::array<std::string_view, 5>{"XFS_", "XDG_", "HOME=", "NO_COLOR=", "TERM="},
        [&](auto prefix) { return variable.starts_with(prefix); });
}

std::vector<std::string> environment_of(Process::Options const& options) {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (is_inherited(*variable)) {
            all.emplace_back(*variable);
        }
    }
    auto const home = options.home.string();
    all.insert(all.end(), {"TERM=xterm", "HOME=" + home, "XDG_CACHE_HOME=" + home + "/cache",
                           "XDG_STATE_HOME=" + home + "/state"});
    all.insert(all.end(), options.environment.begin(), options.environment.end());
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(char const* program, char* const* arguments, char* const* environment,
                         char const* directory, std::array<int, 3> const& streams,
                         Process::Options const& options, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(127);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (options.terminal) {
        ::setsid();
        ::ioctl(streams[0], TIOCSCTTY, 0);
    }
    for (int i = 0; i < 3; ++i) {
        ::dup2(streams[static_cast<std::size_t>(i)], i);
    }
    if (options.descriptors) {
        rlimit const limit{*options.descriptors, *options.descriptors};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (::chdir(directory) == 0) {
        ::execve(program, arguments, environment);
    }
    ::_exit(127);
}

}  // namespace

Process::Process(std::string program, Options options) : name_(std::move(program)) {
    for (auto const& argument : options.arguments) {
        name_ += " " + argument;
    }
    start(name_.substr(0, name_.find(' ')), options);
}

void Process::start(std::string const& program, Options const& options) {
    auto streams = options.terminal ? terminal() : pipes();
    if (options.unheard) {
        ::close(std::exchange(streams.out, -1));
    }
    auto words = options.arguments;
    words.insert(words.begin(), program);
    auto variables = environment_of(options);
    auto const arguments = pointers(words);
    auto const environment = pointers(variables);
    auto const directory = (options.directory.empty() ? options.home : options.directory).string();
    auto const parent = ::getpid();
    pid_ = checked(::fork(), "fork");
    if (pid_ == 0) {
        become(program.c_str(), arguments.data(), environment.data(), directory.c_str(),
               streams.child, options, parent);
    }
    in_ = streams.in;
    ::close(streams.child[0]);
    if (!options.terminal) {
        ::close(streams.child[1]);
        ::close(streams.child[2]);
    }
    reader_ = std::thread([this, streams] { read_all(streams.out, streams.err); });
}

Process::~Process() {
    if (!ended_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (reader_.joinable()) {
        reader_.join();
    }
    close_input();
}

void Process::read_all(int out, int err) {
    std::array<pollfd, 2> waits = {{{out, POLLIN, 0}, {err, POLLIN, 0}}};
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        ::poll(waits.data(), waits.size(), -1);
        for (auto& wait : waits) {
            if (wait.fd < 0 || wait.revents == 0) {
                continue;
            }
            std::array<char, 16384> bytes{};
            auto const n = ::read(wait.fd, bytes.data(), bytes.size());
            if (n <= 0) {  // a terminal ends with EIO
                ::close(wait.fd);
                wait.fd = -1;
                continue;
            }
            std::lock_guard const lock(mutex_);
            (&wait == &waits[0] ? output_.out : output_.err)
                .append(bytes.data(), static_cast<std::size_t>(n));
            changed_.notify_all();
        }
    }
    std::lock_guard const lock(mutex_);
    output_.closed = true;
    changed_.notify_all();
}

void Process::type(std::string_view text) {
    while (!text.empty()) {
        auto const n = ::write(in_, text.data(), text.size());
        if (n < 0) {
            throw trouble("takes no input");
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

void Process::close_input() {
    if (in_ >= 0) {
        ::close(in_);
        in_ = -1;
    }
}

void Process::signal(int number) const {
    ::kill(pid_, number);
}

bool Process::hang_up() const {
    std::array<char, 128> name{};
    checked(::ptsname_r(in_, name.data(), name.size()), "ptsname_r");
    int const theirs = checked(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open a pty");
    bool const done = ::ioctl(theirs, TIOCVHANGUP) == 0;
    ::close(theirs);
    return done;
}

int Process::wait(std::chrono::milliseconds most) {
    if (ended_) {
        return *ended_;
    }
    int const watch = checked(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), "pidfd_open");
    pollfd waits{watch, POLLIN, 0};
    int const ready = ::poll(&waits, 1, static_cast<int>(most.count()));
    ::close(watch);
    if (ready != 1) {
        throw trouble("has not ended in time");
    }
    int status = 0;
    checked(::waitpid(pid_, &status, 0), "waitpid");
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    reader_.join();
    auto const written = output();
    for (auto const* mark : {"Sanitizer", "runtime error: "}) {
        if ((written.out + written.err).find(mark) != std::string::npos) {
            throw trouble("was stopped by a sanitizer");
        }
    }
    return *ended_;
}

Process::Output Process::output() const {
    std::lock_guard const lock(mutex_);
    return output_;
}

void Process::wait_until(std::string const& what, std::function<bool(Output const&)> const& holds,
                         std::chrono::milliseconds most) {
    auto const deadline = std::chrono::steady_clock::now() + most;
    std::unique_lock lock(mutex_);
    while (!holds(output_)) {
        bool const over =
            output_.closed || changed_.wait_until(lock, deadline) == std::cv_status::timeout;
        if (over && !holds(output_)) {
            lock.unlock();
            throw trouble("has not written " + what);
        }
    }
}

void Process::wait_for_out(std::string const& text) {
    wait_until("'" + text + "'",
               [&](auto const& output) { return output.out.find(text) != std::string::npos; });
}

void Process::wait_for_err(std::string const& text) {
    wait_until("'" + text + "' on stderr",
               [&](auto const& output) { return output.err.find(text) != std::string::npos; });
}

std::runtime_error Process::trouble(std::string const& what) const {
    auto const written = output();
    constexpr std::size_t most = 8000;
    auto const last = [](std::string const& text) {
        return text.size() > most ? "..." + text.substr(text.size() - most) : text;
    };
    return std::runtime_error(name_ + "\n" + what + "\n-- stdout:\n" + last(written.out) +
                              "\n-- stderr:\n" + last(written.err));
}

void eventually(std::string const& what, std::function<bool()> const& holds) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    constexpr auto pause = std::chrono::milliseconds(20);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("never: " + what);
        }
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace xfsbus::test
