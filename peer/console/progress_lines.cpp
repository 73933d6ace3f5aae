#include "progress_lines.hpp"

#include "sizes.hpp"

#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xfsbus::console {
namespace {

constexpr std::size_t bar_least = 10;
constexpr std::size_t bar_most = 40;
/// Rows of the terminal that a list leaves to what stood there before.
constexpr std::size_t rows_left = 6;

double part_of(std::uint64_t done, std::uint64_t total) {
    return total > 0 ? std::min(static_cast<double>(done) / static_cast<double>(total), 1.0) : 0.0;
}

std::string bar(double part, std::size_t width) {
    auto const full = static_cast<std::size_t>(part * static_cast<double>(width));
    return std::string(full, '#') + std::string(width - full, '.');
}

std::string facts_of(peer::DownloadProgress const& progress) {
    auto const left =
        static_cast<double>(progress.bytes_total) - static_cast<double>(progress.bytes_done);
    std::string const eta =
        progress.bytes_per_second > 0 ? show_time(left / progress.bytes_per_second) : "-";
    std::string const files =
        progress.files_total > 1
            ? fmt::format(" {}/{} files", progress.files_done, progress.files_total)
            : "";
    return fmt::format(" {:3.0f}% {} {}/s ETA {}{} from {}",
                       part_of(progress.bytes_done, progress.bytes_total) * 100,
                       show_size(static_cast<double>(progress.bytes_done)),
                       show_size(progress.bytes_per_second), eta, files, progress.sources);
}

std::string job_line(peer::DownloadProgress const& progress, std::size_t columns) {
    auto const facts = facts_of(progress);
    constexpr std::size_t around = 3;  // " [" and "]"
    auto const taken = facts.size() + around;
    auto const name_most = columns > taken + bar_least ? columns - taken - bar_least : 0;
    auto const name = keep_end(wire::escape(progress.name), name_most);
    auto const used = columns_of(name) + taken;
    auto const width = columns > used ? std::min(columns - used, bar_most) : 0;
    double const part = part_of(progress.bytes_done, progress.bytes_total);
    return keep_begin(fmt::format("{} [{}]{}", name, bar(part, width), facts), columns);
}

std::string file_line(peer::FileProgress const& file, std::size_t name_columns,
                      std::size_t columns) {
    auto const name = pad_right(keep_end(wire::escape(file.name), name_columns), name_columns);
    auto const rate = show_size(file.bytes_per_second) + "/s";
    return keep_begin(
        fmt::format("  {} {:3.0f}% {:>12} from {}", name,
                    part_of(file.bytes_done, file.bytes_total) * 100, rate, file.sources),
        columns);
}

std::vector<std::string> file_lines(std::vector<peer::FileProgress> files,
                                    TerminalSize const& size) {
    std::ranges::sort(files, {}, &peer::FileProgress::name);
    auto const shown = rows_shown(files.size(), size);
    std::size_t widest = 0;
    for (std::size_t i = 0; i < shown; ++i) {
        widest = std::max(widest, columns_of(wire::escape(files[i].name)));
    }
    constexpr std::size_t facts = 32;  // two blanks, "100%", a rate, up to 256 sources
    auto const columns = size.usable_columns();
    auto const name_columns = std::min(widest, columns > facts ? columns - facts : 0);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < shown; ++i) {
        lines.push_back(file_line(files[i], name_columns, columns));
    }
    if (shown < files.size()) {
        lines.push_back(keep_begin(fmt::format("  and {} more", files.size() - shown), columns));
    }
    return lines;
}

}  // namespace

std::size_t rows_shown(std::size_t rows, TerminalSize const& size) {
    std::size_t const room = size.rows > rows_left ? size.rows - rows_left : 1;
    return rows <= room ? rows : room - 1;
}

std::vector<std::string> progress_lines(peer::DownloadProgress const& progress,
                                        TerminalSize const& size) {
    auto lines =
        progress.files_total > 1 ? file_lines(progress.running, size) : std::vector<std::string>();
    lines.push_back(job_line(progress, size.usable_columns()));
    return lines;
}

}  // namespace xfsbus::console
