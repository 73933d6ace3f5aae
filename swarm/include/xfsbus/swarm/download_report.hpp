#pragma once

#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace xfsbus::swarm {

/// How a Download stands. Part of Download.
struct DownloadProgress {
    std::uint64_t bytes_stored = 0;  ///< resumed ones included
    std::uint64_t bytes_resumed = 0;
    std::uint64_t chunks_rejected = 0;     ///< corrupt or not what was asked for
    std::uint64_t chunks_surplus = 0;      ///< dropped: not asked for, or there already
    std::uint64_t bytes_duplicate = 0;     ///< of these
    std::uint64_t chunks_asked_twice = 0;  ///< at the end
    std::uint64_t chunks_held = 0;         ///< that the policy does not want to ask for now
    std::size_t sources_active = 0;
    std::size_t sources_leaving = 0;  ///< beside these: they gave way, and end what they began
    bool changed = false;             ///< a source said that it is gone, or sent something else
    wire::Duration waited{};          ///< time in which nothing was on its way
    wire::Duration stalled{};         ///< of the play head, up to the last event
    std::optional<Error> failure{};   ///< why it cannot go on; nullopt while it can
};

/// What has become of one source. Part of Download.
struct DownloadSourceReport {
    SourceId id{};
    std::string endpoint;
    std::uint64_t bytes = 0;  ///< delivered and verified
    std::uint64_t bytes_duplicate = 0;
    std::uint32_t chunks_rejected = 0;
    double bytes_per_second = 0;
    std::uint64_t window_bytes = 0;
    std::uint64_t outstanding_bytes = 0;
    std::string state;  ///< "active", "idle", "busy, asked again in 1.5 s", or why it is out
    DownloadSource::State standing{};
    bool is_busy = false;  ///< that is why it rests
};

[[nodiscard]] DownloadSourceReport report_of(DownloadSource const& source, wire::Time now);

}  // namespace xfsbus::swarm
