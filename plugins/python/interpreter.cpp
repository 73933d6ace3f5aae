#include "interpreter.hpp"

#include "runner.hpp"

#include <xfsbus/program/clean_spawn.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::plugins {
namespace {

using Clock = std::chrono::steady_clock;

/// Longer than a policy may take for anything.
constexpr auto patience = std::chrono::seconds(5);

/// Begins `command -s -P -B -c RUNNER FILE` with this socket as its input and output; returns 0 or
/// errno. Python's sets have the same order each time.
int spawn(std::string const& command, std::string const& file, int socket, pid_t& child) {
    program::CleanSpawn start;
    start.give(socket, STDIN_FILENO);
    start.give(socket, STDOUT_FILENO);
    return start.run(child, command, {command, "-s", "-P", "-B", "-c", python_runner, file},
                     program::environment_with({{"PYTHONHASHSEED", "0"}}));
}

std::runtime_error cannot_run(std::string const& command, int error) {
    return std::runtime_error("cannot run '" + command +
                              "': " + std::generic_category().message(error));
}

}  // namespace

std::shared_ptr<Interpreter> Interpreter::of_process(std::string const& command,
                                                     std::string const& file) {
    static std::mutex mutex;
    static std::map<std::pair<std::string, std::string>, std::weak_ptr<Interpreter>> all;
    std::scoped_lock const lock(mutex);
    auto& known = all[{command, file}];
    auto there = known.lock();
    if (!there || !there->usable()) {
        there = std::make_shared<Interpreter>(command, file);
        known = there;
    }
    return there;
}

Interpreter::Interpreter(std::string const& command, std::string const& file)
    : command_(command), owner_(::getpid()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        throw cannot_run(command, errno);
    }
    int const error = spawn(command, file, ends[1], child_);
    ::close(ends[1]);
    socket_ = ends[0];
    if (error != 0) {
        ::close(socket_);
        throw cannot_run(command, error);
    }
}

Interpreter::~Interpreter() {
    end();
}

bool Interpreter::usable() const {
    std::scoped_lock const lock(mutex_);
    return socket_ >= 0 && owner_ == ::getpid();
}

Interpreter::Json Interpreter::ask(Json const& call) {
    std::scoped_lock const lock(mutex_);
    if (socket_ < 0 || owner_ != ::getpid()) {
        throw std::runtime_error("its Python program has ended");
    }
    send(call.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    auto const answer = Json::parse(receive(), nullptr, false);
    if (!answer.is_object()) {
        fail("what it answers is no JSON");
    }
    if (auto const error = answer.find("error"); error != answer.end()) {
        throw std::runtime_error(error->is_string() ? error->get<std::string>() : "it failed");
    }
    return answer.value("ok", Json());
}

void Interpreter::send(std::string const& text) const {
    std::size_t done = 0;
    while (done < text.size()) {
        auto const sent = ::send(socket_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return;  // what it said last may be there yet, and else it is seen to have ended
        }
        done += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
}

std::string Interpreter::receive() {
    auto const deadline = Clock::now() + patience;
    for (;;) {
        if (auto const end = unread_.find('\n'); end != std::string::npos) {
            auto line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd readable{socket_, POLLIN, 0};
        int const ready = left > 0 ? ::poll(&readable, 1, static_cast<int>(left)) : 0;
        if (ready == 0) {
            fail("it has not answered for " + std::to_string(patience.count()) + " s");
        }
        char buffer[16384];
        auto const got = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
            fail("it has ended");
        }
        unread_.append(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
}

void Interpreter::end() {
    if (socket_ < 0) {
        return;
    }
    ::close(std::exchange(socket_, -1));
    if (owner_ == ::getpid()) {
        ::kill(child_, SIGKILL);
        while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void Interpreter::fail(std::string const& why) {
    end();
    throw std::runtime_error(command_ + ": " + why);
}

}  // namespace xfsbus::plugins
