#include <xfsbus/files/pipe.hpp>
#include <xfsbus/program/apart.hpp>
#include <xfsbus/program/pointers_to.hpp>
#include <xfsbus/program/write_all.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::program {
namespace {

/// Longer than the child takes to give up by itself.
constexpr auto patience = std::chrono::seconds(15);

[[noreturn]] void answer_and_leave(std::function<std::string()> const& ask, int to) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left to stop it
    rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    write_all(to, ask() + "\n");
    ::_exit(0);  // without what the plug-in wants done at an exit
}

/// It is looked so often whether to go on waiting.
constexpr int look_ms = 100;

/// A whole line, or as much of it as comes before the end or the deadline; `late` says which. When
/// it is to stop, that is the deadline.
std::string read_line(int from, bool& late, std::stop_token const& stop = {}) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    std::string text;
    while (!text.ends_with('\n')) {
        pollfd wait{from, POLLIN, 0};
        int const ready = ::poll(&wait, 1, look_ms);
        if (ready == 0 && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
            continue;
        }
        if (ready == 0) {
            late = true;
            break;
        }
        std::array<char, 4096> bytes{};
        auto const n = ::read(from, bytes.data(), bytes.size());
        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        text.append(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return text;
}

std::string how_it_ended(int status, bool late) {
    if (late) {
        return "it did not come back within " + std::to_string(patience.count()) + " s";
    }
    if (WIFSIGNALED(status)) {
        return std::string("it crashes the program that loads it: ") +
               ::strsignal(WTERMSIG(status));  // NOLINT(concurrency-mt-unsafe): no other thread
    }
    return "it ends the program that loads it, with exit code " +
           std::to_string(WEXITSTATUS(status));
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/// Starts this program anew, with its stdout going to `out`, and without stdin and stderr.
pid_t start_again(std::vector<std::string> words, int out) {
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = -1;
    int const error = ::posix_spawn(&child, "/proc/self/exe", &files, &attributes,
                                    pointers_to(words).data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    errno = error;
    return error == 0 ? child : -1;
}

}  // namespace

Result<Apart> run_apart(std::vector<std::string> words, std::stop_token const& stop) {
    auto ends = files::make_pipe();
    if (!ends) {
        return Error{Errc::failed, std::generic_category().message(errno)};
    }
    pid_t const child = start_again(std::move(words), ends->write.get());
    int const error = errno;
    ends->write = files::Fd();
    bool late = false;
    Apart apart;
    apart.line = child > 0 ? read_line(ends->read.get(), late, stop) : "";
    ends.reset();
    if (child < 0) {
        return Error{Errc::failed, std::generic_category().message(error)};
    }
    if (late) {
        ::kill(child, SIGKILL);
    }
    auto const status = wait_for(child);
    if (late && stop.stop_requested()) {
        return Error{Errc::interrupted, "interrupted"};
    }
    apart.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    apart.ending = how_it_ended(status, late);
    return apart;
}

Result<std::string> ask_apart(std::function<std::string()> const& ask) {
    auto ends = files::make_pipe();
    if (!ends) {
        return Error{Errc::plugin, "cannot look at it: " + std::generic_category().message(errno)};
    }
    pid_t const child = ::fork();
    if (child == 0) {
        ends->read = files::Fd();
        answer_and_leave(ask, ends->write.get());
    }
    int const error = errno;
    ends->write = files::Fd();
    bool late = false;
    auto const text = child > 0 ? read_line(ends->read.get(), late) : "";
    ends.reset();
    if (child < 0) {
        return Error{Errc::plugin, "cannot look at it: " + std::generic_category().message(error)};
    }
    bool const answered = text.ends_with('\n');
    if (answered || late) {
        ::kill(-child, SIGKILL);  // with all that it has begun
    }
    auto const status = wait_for(child);
    if (!answered) {
        return Error{Errc::plugin, how_it_ended(status, late)};
    }
    return text;
}

}  // namespace xfsbus::program
