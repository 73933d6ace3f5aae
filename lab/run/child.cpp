#include "run/child.hpp"

#include "results/encoding.hpp"
#include "results/text.hpp"

#include <xfsbus/files/pipe.hpp>
#include <xfsbus/program/write_all.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::lab::run {
namespace {

/// More than a run of the most peers writes.
constexpr std::size_t said_most = 64U * 1024 * 1024;

std::string memory_text(std::uint64_t bytes) {
    constexpr std::uint64_t mebi = 1024 * 1024;
    return std::to_string(bytes / mebi) + " MiB";
}

std::variant<results::Run, std::string> tried(Job const& job, Limits const& limits,
                                              std::function<results::Run(Job const&)> const& work) {
    try {
        return work(job);
    } catch (std::bad_alloc const&) {
        return "ran out of memory (--memory-limit " + memory_text(limits.memory_bytes) + ")";
    } catch (std::exception const& error) {
        return wire::escape(error.what());
    } catch (...) {
        return "threw what is no exception of the library";
    }
}

/// All of the child's life. SIGKILL also when the parent is gone.
[[noreturn]] void live(int to, pid_t parent, Job const& job, Limits const& limits,
                       std::function<results::Run(Job const&)> const& work) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(1);
    }
    if (limits.memory_bytes > 0) {
        rlimit const memory{limits.memory_bytes, limits.memory_bytes};
        ::setrlimit(RLIMIT_AS, &memory);
    }
    rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    bool const written = program::write_all(to, results::encode(tried(job, limits, work)));
    ::_exit(written ? 0 : 1);  // what the parent has begun to write is not written twice
}

std::string name_of_signal(int signal) {
    char const* const name = ::sigdescr_np(signal);
    return name != nullptr ? name : "signal " + std::to_string(signal);
}

double seconds(timeval const& time) {
    constexpr double micro = 1e-6;
    return static_cast<double>(time.tv_sec) + micro * static_cast<double>(time.tv_usec);
}

}  // namespace

Child::Child(Job const& job, Limits const& limits,
             std::function<results::Run(Job const&)> const& work)
    : job_(job), limits_(limits), begin_(Clock::now()), deadline_(begin_ + limits.time) {
    auto ends = files::make_pipe();
    if (!ends) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    auto const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ends->read = files::Fd();
        try {
            live(ends->write.get(), parent, job, limits, work);
        } catch (...) {  // no memory to say so
            ::_exit(1);
        }
    }
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    pipe_ = std::move(ends->read);
}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

bool Child::read() {
    std::array<char, 65536> buffer;
    auto const got = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    said_.append(buffer.data(), static_cast<std::size_t>(got));
    if (said_.size() > said_most) {
        too_much_ = true;
        return false;
    }
    return got > 0;
}

void Child::stop() {
    too_long_ = true;
}

std::string Child::why(int status) const {
    if (too_long_) {
        return "took longer than --time-limit, " +
               results::number_text("%.6g s", std::chrono::duration<double>(limits_.time).count());
    }
    if (too_much_) {
        return "wrote more than any run has to say";
    }
    if (WIFSIGNALED(status)) {
        return "crashed: " + name_of_signal(WTERMSIG(status));
    }
    return "ended with code " + std::to_string(WEXITSTATUS(status)) +
           (limits_.memory_bytes > 0 ? ", perhaps out of memory (--memory-limit " +
                                           memory_text(limits_.memory_bytes) + ")"
                                     : "");
}

results::Outcome Child::outcome() {
    ::kill(pid_, SIGKILL);  // one that has closed the pipe, and ends by itself, is a corpse already
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    results::Outcome outcome{.policy = job_.policy, .seed = job_.seed, .what = {}, .timing = {}};
    outcome.timing.processor_s = seconds(used.ru_utime) + seconds(used.ru_stime);
    outcome.timing.wall_s = std::chrono::duration<double>(Clock::now() - begin_).count();
    constexpr std::uint64_t kibi = 1024;
    outcome.timing.memory_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * kibi;
    if (too_long_ || too_much_ || status != 0) {
        outcome.what = why(status);
    } else if (auto said = results::decode(said_)) {
        outcome.what = std::move(said).value();
    } else {
        outcome.what = said.error().message;
    }
    return outcome;
}

}  // namespace xfsbus::lab::run
