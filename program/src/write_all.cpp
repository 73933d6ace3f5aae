#include <xfsbus/program/write_all.hpp>

#include <cerrno>

#include <unistd.h>

namespace xfsbus::program {

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        auto const written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace xfsbus::program
