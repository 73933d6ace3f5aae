#pragma once

#include <xfsbus/files/fd.hpp>

#include <array>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace xfsbus::files {

/// Both ends of a pipe, which no program that is executed gets unless it is handed on.
struct Pipe {
    Fd read;
    Fd write;
};

/// nullopt: there is none, see errno. Any thread.
inline std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    return ::pipe2(ends.data(), O_CLOEXEC) == 0 ? std::optional(Pipe{Fd(ends[0]), Fd(ends[1])})
                                                : std::nullopt;
}

}  // namespace xfsbus::files
