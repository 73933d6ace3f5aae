#include <xfsbus/program/terminal.hpp>

#include <initializer_list>

#include <unistd.h>

namespace xfsbus::program {

namespace {

int standard_terminal() {
    for (int const descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::isatty(descriptor) == 1) {
            return descriptor;
        }
    }
    return -1;
}

}  // namespace

Terminal::Terminal() : descriptor_(standard_terminal()) {}

bool Terminal::is_gone() const {
    return descriptor_ >= 0 && ::isatty(descriptor_) != 1;
}

}  // namespace xfsbus::program
