#include <xfsbus/program/signals.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace xfsbus::program {

namespace {

bool is_ignored(int signal) {
    struct sigaction now {};

    return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t held_signals() {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    // One that is ignored and held would be taken all the same.
    if (!is_ignored(SIGHUP)) {
        sigaddset(&held, SIGHUP);
    }
    return held;
}

int checked(int descriptor, char const* what) {
    if (descriptor < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return descriptor;
}

}  // namespace

void hold_signals() {
    sigset_t const held = held_signals();
    pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

SignalWatch::SignalWatch(OnSignal on_signal) : on_signal_(std::move(on_signal)) {
    sigset_t const held = held_signals();
    signals_ = checked(signalfd(-1, &held, SFD_CLOEXEC), "signalfd");
    end_ = checked(eventfd(0, EFD_CLOEXEC), "eventfd");
    thread_ = std::thread([this] { run(); });
}

SignalWatch::~SignalWatch() {
    eventfd_write(end_, 1);
    thread_.join();
    close(end_);
    close(signals_);
}

void SignalWatch::run() {
    std::array<pollfd, 2> waits = {{{signals_, POLLIN, 0}, {end_, POLLIN, 0}}};
    for (int count = 1;;) {
        if (poll(waits.data(), waits.size(), -1) < 0) {
            continue;  // EINTR, by a debugger
        }
        if (waits[1].revents != 0) {
            return;
        }
        signalfd_siginfo info{};
        if (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            on_signal_(static_cast<int>(info.ssi_signo), count++);
        }
    }
}

}  // namespace xfsbus::program
