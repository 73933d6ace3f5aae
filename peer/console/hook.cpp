#include "hook.hpp"

#include <xfsbus/program/pointers_to.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::console {
namespace {

std::vector<std::string> environment_with(Variables const& variables) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        all.emplace_back(*entry);
    }
    for (auto const& variable : variables) {
        auto entry = variable.first + "=";
        std::erase_if(all, [&](auto const& other) { return other.starts_with(entry); });
        entry += variable.second;
        all.push_back(std::move(entry));
    }
    return all;
}

/// In a group of processes of its own, with the signals as they are for a new program. The error,
/// or 0.
int spawn(pid_t& child, std::vector<std::string> words, std::vector<std::string> environment) {
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int const error =
        ::posix_spawn(&child, "/bin/sh", &files, &attributes, program::pointers_to(words).data(),
                      program::pointers_to(environment).data());
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    return error;
}

/// Its end; the process stays, so that its number is nobody else's as long as it may be stopped.
siginfo_t await_end(pid_t child) {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    return info;
}

void reap(pid_t child) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

Status run_hook(std::string const& command, Variables const& variables,
                std::stop_token const& stop) {
    pid_t child = -1;
    if (int const error = spawn(child, {"sh", "-c", command}, environment_with(variables));
        error != 0) {
        return Error{Errc::failed,
                     "cannot run the command: " + std::generic_category().message(error)};
    }
    siginfo_t ended{};
    {
        std::stop_callback const on_stop(stop, [child] { ::kill(-child, SIGTERM); });
        ended = await_end(child);
    }
    reap(child);
    if (stop.stop_requested()) {
        return Error{Errc::interrupted, "interrupted"};
    }
    if (ended.si_code == CLD_EXITED && ended.si_status == 0) {
        return done();
    }
    return Error{Errc::failed, std::string("the command ended with ") +
                                   (ended.si_code == CLD_EXITED ? "" : "signal ") +
                                   std::to_string(ended.si_status)};
}

}  // namespace xfsbus::console
