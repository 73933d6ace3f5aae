#include <xfsbus/swarm/download_report.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

using namespace std::chrono_literals;
using State = DownloadSource::State;

std::string state_of(DownloadSource const& source, wire::Time now) {
    if (source.state == State::resting && source.is_busy) {
        auto const tenths = std::max<wire::Duration>(source.rests_until - now, {}) / 100ms;
        return "busy, asked again in " + std::to_string(tenths / 10) + "." +
               std::to_string(tenths % 10) + " s";
    }
    return !source.why.empty() ? source.why : source.state == State::active ? "active" : "idle";
}

}  // namespace

DownloadSourceReport report_of(DownloadSource const& source, wire::Time now) {
    return {.id = source.about.id,
            .endpoint = source.about.endpoint,
            .bytes = source.delivered_bytes,
            .bytes_duplicate = source.duplicate_bytes,
            .chunks_rejected = source.chunks_rejected,
            .bytes_per_second = source.rate.bytes_per_second(now),
            .window_bytes = source.window_bytes(),
            .outstanding_bytes = source.outstanding_bytes,
            .state = state_of(source, now),
            .standing = source.state,
            .is_busy = source.is_busy};
}

}  // namespace xfsbus::swarm
