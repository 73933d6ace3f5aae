#include "progress_bar.hpp"

#include "sizes.hpp"

#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace xfsbus::console {
namespace {

constexpr std::size_t columns_default = 80;
constexpr std::size_t bar_least = 10;

std::size_t terminal_columns() {
    winsize size{};
    bool const known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : columns_default;
}

std::string bar(double part, std::size_t width) {
    auto const full = static_cast<std::size_t>(part * static_cast<double>(width));
    return std::string(full, '#') + std::string(width - full, '.');
}

}  // namespace

std::string progress_line(peer::DownloadProgress const& progress, std::size_t columns) {
    auto const done = static_cast<double>(progress.bytes_done);
    auto const total = static_cast<double>(progress.bytes_total);
    double const part = total > 0 ? std::min(done / total, 1.0) : 0.0;
    std::string const rate = show_size(progress.bytes_per_second) + "/s";
    std::string const left =
        progress.bytes_per_second > 0 ? show_time((total - done) / progress.bytes_per_second) : "-";
    std::string const files =
        progress.files_total > 1
            ? fmt::format(" {}/{} files", progress.files_done, progress.files_total)
            : "";
    auto const facts = fmt::format(" {:3.0f}% {} {} ETA {}{} from {}", part * 100, show_size(done),
                                   rate, left, files, progress.sources);
    auto name = wire::escape(progress.name);
    std::size_t const name_most =
        columns > facts.size() + bar_least + 4 ? columns - facts.size() - bar_least - 4 : 0;
    if (name.size() > name_most) {
        name = name_most > 3 ? "..." + name.substr(name.size() - (name_most - 3)) : "";
    }
    std::size_t const used = name.size() + facts.size() + 4;
    std::size_t const width = columns > used ? std::min<std::size_t>(columns - used, 40) : 0;
    auto line = fmt::format("{} [{}]{}", name, bar(part, width), facts);
    return line.substr(0, columns > 0 ? columns - 1 : 0);
}

void ProgressBar::draw(peer::DownloadProgress const& progress) {
    std::lock_guard const lock(mutex_);
    auto const line = "\r\033[K" + progress_line(progress, terminal_columns());
    static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
    std::fflush(stderr);
    drawn_ = true;
}

void ProgressBar::clear() {
    std::lock_guard const lock(mutex_);
    if (std::exchange(drawn_, false)) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }
}

}  // namespace xfsbus::console
