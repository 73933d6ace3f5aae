#include <xfsbus/swarm/download_source.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

/// What waits at the source so that it does not run dry between two requests: so much time's worth,
/// and no more than so many bytes.
constexpr double queue_s = 0.1;
constexpr double queue_hurried_s = 0.025;
constexpr double queue_bytes_most = 8.0 * 1024 * 1024;
/// While one chunk comes another waits: else the source would be idle for a round trip after each.
constexpr std::uint64_t chunks_least = 2;
/// This part of a window is asked for together; the rest keeps the source busy meanwhile.
constexpr std::uint64_t together_part = 4;

}  // namespace

std::uint64_t DownloadSource::window_bytes() const {
    double const bytes_per_s = rate.bytes_per_second();
    double const on_the_way = 2 * bytes_per_s * about.latency_ms / 1000;
    double const time = window.hurried ? queue_hurried_s : queue_s;
    double const queued = std::min(bytes_per_s * time, queue_bytes_most);
    auto const least = chunks_least * window.chunk_bytes;
    auto const usual = least + static_cast<std::uint64_t>(on_the_way + queued);
    auto const own =
        window.hurried ? std::clamp(delivered_bytes, std::uint64_t{least}, usual) : usual;
    return std::min(window_said.value_or(own), window.most);
}

bool DownloadSource::has_room(std::uint64_t bytes) const {
    return outstanding_bytes == 0 || outstanding_bytes + bytes <= window_bytes();
}

bool DownloadSource::is_worth_asking(std::uint64_t left_bytes) const {
    auto const together = std::min(window_bytes() / together_part, left_bytes);
    return has_room(std::max<std::uint64_t>(together, window.chunk_bytes));
}

void DownloadSource::note_asked(wire::Time now, std::uint32_t chunk, std::uint64_t bytes) {
    if (asked.empty()) {
        rate.set_busy(now, true);
    }
    asked[chunk] = {now, outstanding_bytes, static_cast<std::uint32_t>(asked.size())};
    outstanding_bytes += bytes;
    credit += bytes;
}

void DownloadSource::note_settled(wire::Time now, std::uint32_t chunk, std::uint64_t bytes) {
    asked.erase(chunk);
    outstanding_bytes -= bytes;
    if (asked.empty()) {
        rate.set_busy(now, false);
    }
}

}  // namespace xfsbus::swarm
