#include "hook.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::console {
namespace {

/// In a group of processes of its own. The error, or 0.
int spawn(pid_t& child, std::string const& command, program::Variables const& variables) {
    program::CleanSpawn start;
    start.open(STDIN_FILENO, "/dev/null", O_RDONLY);
    start.give(STDERR_FILENO, STDOUT_FILENO);
    return start.run(child, "/bin/sh", {"sh", "-c", command}, program::environment_with(variables));
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

Status run_hook(std::string const& command, program::Variables const& variables,
                std::stop_token const& stop) {
    pid_t child = -1;
    if (int const error = spawn(child, command, variables); error != 0) {
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
