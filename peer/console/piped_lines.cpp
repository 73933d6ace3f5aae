#include "piped_lines.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <unistd.h>

namespace xfsbus::console {

std::optional<std::string> PipedLines::next() {
    while (true) {
        auto const newline = buffer_.find('\n');
        if (newline != std::string::npos) {
            auto line = buffer_.substr(0, newline);
            buffer_.erase(0, newline + 1);
            return line;
        }
        if (end_) {
            // A last line without its end is a line, too.
            return buffer_.empty() ? std::nullopt
                                   : std::optional(std::exchange(buffer_, std::string()));
        }
        auto const woken = waker_.wait_for_input();
        if (woken == Waker::Woken::ended) {
            return std::nullopt;
        }
        if (woken == Waker::Woken::nudged) {
            continue;
        }
        std::array<char, 4096> bytes{};
        auto const n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (n > 0) {
            buffer_.append(bytes.data(), static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            end_ = true;
        }
    }
}

}  // namespace xfsbus::console
