#include <xfsbus/files/system.hpp>
#include <xfsbus/program/output.hpp>
#include <xfsbus/program/run.hpp>

#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace xfsbus::program {
namespace {

void open_standard_streams() {
    for (int const fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
            continue;
        }
        // It gets the lowest number that is free, which is this one.
        if (files::open("/dev/null", O_RDWR) != fd) {
            throw std::system_error(errno, std::generic_category(), "cannot open /dev/null");
        }
    }
}

/// A reader that is gone, or a file that would become larger than `ulimit -f` allows, is no reason
/// to drop everything else: the write fails, and says why.
void ignore_signals_of_writing() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

int guarded(std::string_view name, std::function<int()> const& work) {
    try {
        return work();
    } catch (std::exception const& error) {
        return complain(name, {Errc::failed, error.what()});
    }
}

int checked(std::string_view name, int code, Output& output) {
    int const error = output.flush();
    bool const signalled = code >= 128;
    if (error == 0 || (error == EPIPE && signalled)) {
        return code;
    }
    if (error == EPIPE) {
        return code_of_closed_pipe;
    }
    int const lost = complain(
        name, {Errc::disk, "cannot write to stdout: " + std::generic_category().message(error)});
    return signalled ? code : lost;
}

}  // namespace

int exit_code(Errc code) {
    switch (code) {
        case Errc::usage:
            return 2;
        case Errc::not_found:
            return 3;
        case Errc::tracker_unreachable:
            return 4;
        case Errc::timeout:
            return 5;
        case Errc::network:
            return 6;
        case Errc::interrupted:
            return 7;
        case Errc::integrity:
            return 8;
        case Errc::disk:
            return 9;
        case Errc::not_authorised:
            return 10;
        case Errc::plugin:
            return 11;
        default:
            return 1;
    }
}

int complain(std::string_view name, Error const& error) {
    std::cerr << name << ": " << error.message << std::endl;
    return exit_code(error.code);
}

int run(std::string_view name, std::function<int()> const& work) {
    ignore_signals_of_writing();
    int const opened = guarded(name, [] {
        open_standard_streams();
        return 0;
    });
    if (opened != 0) {
        return opened;
    }
    Output output(std::cout, STDOUT_FILENO);
    int const code = guarded(name, work);
    return checked(name, code, output);
}

}  // namespace xfsbus::program
