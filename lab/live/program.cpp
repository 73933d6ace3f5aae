#include "live/program.hpp"

#include <xfsbus/files/pipe.hpp>
#include <xfsbus/program/pointers_to.hpp>
#include <xfsbus/program/write_all.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::lab::live {
namespace {

int checked(int result, std::string const& what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

files::Pipe new_pipe() {
    auto made = files::make_pipe();
    checked(made ? 0 : -1, "pipe");
    return std::move(*made);
}

files::Fd open_log(std::filesystem::path const& file) {
    constexpr mode_t for_us = 0600;
    return files::Fd(checked(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, for_us), file.string()));
}

/// The standard streams of a program.
struct Streams {
    int in;
    int out;
    int err;
};

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(Start const& start, char* const* words, Streams const& streams,
                         pid_t parent) {
    constexpr int cannot = 127;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(cannot);
    }
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::dup2(streams.in, STDIN_FILENO);
    ::dup2(streams.out, STDOUT_FILENO);
    ::dup2(streams.err, STDERR_FILENO);
    bool const there = start.network < 0 || ::setns(start.network, CLONE_NEWNET) == 0;
    if (there && (start.directory.empty() || ::chdir(start.directory.c_str()) == 0)) {
        ::execv(start.file.c_str(), words);
    }
    ::_exit(cannot);
}

}  // namespace

Program::Program(Start const& start) {
    auto [their_in, our_in] = new_pipe();
    auto [our_out, their_out] = new_pipe();
    auto const log = start.log.empty() ? files::Fd() : open_log(start.log);
    Streams const streams{their_in.get(), their_out.get(), log ? log.get() : their_out.get()};
    auto words = start.arguments;
    words.insert(words.begin(), start.file.string());
    auto const pointers = program::pointers_to(words);
    auto const parent = ::getpid();
    pid_ = checked(::fork(), "fork");
    if (pid_ == 0) {
        become(start, pointers.data(), streams, parent);
    }
    in_ = std::move(our_in);
    out_ = std::move(our_out);
}

Program::~Program() {
    signal(SIGKILL);
    wait();
}

std::optional<std::string> Program::read() {
    std::array<char, 65536> bytes;
    auto const got = ::read(out_.get(), bytes.data(), bytes.size());
    if (got > 0) {
        return std::string(bytes.data(), static_cast<std::size_t>(got));
    }
    if (got < 0 && errno == EINTR) {
        return std::string();
    }
    out_ = files::Fd();
    return std::nullopt;
}

void Program::say(std::string_view line) {
    static_cast<void>(program::write_all(in_.get(), std::string(line) + "\n"));
}

void Program::close_input() {
    in_ = files::Fd();
}

void Program::signal(int number) const {
    if (pid_ > 0) {
        ::kill(pid_, number);
    }
}

int Program::wait() {
    int status = 0;
    if (pid_ > 0) {
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace xfsbus::lab::live
