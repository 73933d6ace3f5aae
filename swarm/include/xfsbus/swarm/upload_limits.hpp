#pragma once

#include <xfsbus/swarm/waiting_room.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>

namespace xfsbus::swarm {

/// What an Uploads allows itself, and its sinks. Part of Uploads.
struct UploadLimits {
    std::size_t sinks_most = 8192;  ///< served at once; each needs a socket
    std::size_t transfers_most = 8192;
    /// Memory of all transfers: what their sinks have, and wait for.
    std::size_t memory_most = 128 * 1024 * 1024;
    std::size_t transfers_per_route = wire::limits::transfers_per_connection;
    std::size_t data_ports_per_route = wire::limits::data_endpoints_per_connection;
    std::size_t queued_chunks_most = wire::limits::queued_per_transfer;
    std::size_t queued_chunks_per_route = wire::limits::queued_per_connection;
    std::size_t queue_looked_at = 128;  ///< so many of the oldest are compared; see first_of
    /// So long a sink keeps its place while others want it and it does nothing; for a chunk of
    /// up to 1 MiB, and as much longer as a chunk is larger.
    wire::Duration place_idle_most = std::chrono::seconds(2);
    /// So long it keeps its place while another has waited for long.
    wire::Duration place_most = std::chrono::seconds(30);
    WaitingRoom::Limits waiting{};
    std::uint64_t ahead_bytes_per_sink = 4 * 1024 * 1024;
    std::size_t ahead_chunks_per_sink = 64;
    /// With so much ahead no chunk is begun. Whether it would fit does not matter: else small
    /// chunks would pass by a large one for ever.
    std::uint64_t ahead_bytes = 64 * 1024 * 1024;
    /// The rest of it is for hosts that have less than an equal part of this.
    std::uint64_t ahead_bytes_of_any = 48 * 1024 * 1024;
    wire::Duration ahead_time = std::chrono::milliseconds(50);
    /// However fast it leaves, no more than so much is under way to sinks that take it: what is on
    /// its way to many at once comes to each of them chunk by chunk, and each wakes its threads.
    std::uint64_t ahead_bytes_moving = 4 * 1024 * 1024;
    /// So long a sink keeps its turn, and for no more than so many bytes: what comes together costs
    /// it less. Where a chunk takes longer, each sink in turn gets one.
    wire::Duration turn_time = std::chrono::microseconds(1500);
    std::uint64_t turn_bytes_most = 1024 * 1024;
    std::size_t ahead_chunks_least = 2;
    /// So many sinks may have one chunk each, however long it takes; more if more leaves then.
    std::size_t ahead_sinks_least = 6;
    /// What takes several times as long as usual is not slow before, and is slow after; the
    /// latter for a chunk of 1 MiB, and as much longer as a chunk is larger.
    wire::Duration slow_after = std::chrono::milliseconds(200);
    wire::Duration slow_after_most = std::chrono::seconds(1);
    /// A sink that tells what it has blocks when nothing can be sent to it for so long.
    wire::Duration blocks_after = std::chrono::milliseconds(400);
    /// So long it may take to connect to a sink's data port.
    wire::Duration reach_most = std::chrono::seconds(3);
    wire::Duration starve_most = std::chrono::seconds(2);
    wire::Duration idle_most = std::chrono::seconds(10);
    /// A chunk of 4 MiB that has not left for its sink after so long: it does not read.
    wire::Duration stuck_most = std::chrono::seconds(60);
    /// The same while half of ahead_bytes is taken, so that sinks that do not read cannot take
    /// the room of the others; longer where all of it takes longer to leave.
    wire::Duration stuck_most_crowded = std::chrono::seconds(3);
    std::size_t ended_most = 4096;                ///< remembered until somebody takes them
    std::uint64_t bytes_per_second = 0;           ///< of all; 0: no limit
    std::uint64_t transfer_bytes_per_second = 0;  ///< of each transfer; 0: no limit
};

}  // namespace xfsbus::swarm
