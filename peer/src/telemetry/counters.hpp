#pragma once

#include <xfsbus/wire/counters.hpp>

#include <array>
#include <cstdint>

namespace xfsbus::peer::telemetry {

enum class Counter : std::uint8_t {
    files,
    load,
    uploads,
    downloads,
    bytes_sent,
    bytes_received,
    bytes_duplicate,
    chunks_rejected,
    chunks_unsolicited,
    policy_faults,
    chunk_order_faults,
    upload_policy_faults,
};

inline constexpr auto counter_table = std::to_array<CounterRow<Counter>>({
    {Counter::files, {"files", "files", CounterKind::now, "shared"}},
    {Counter::load, {"load", "transfers", CounterKind::now, "that this peer is busy with"}},
    {Counter::uploads, {"uploads", "transfers", CounterKind::now, "to others"}},
    {Counter::downloads, {"downloads", "downloads", CounterKind::now, "in progress"}},
    {Counter::bytes_sent, {"bytes_sent", "bytes", CounterKind::total, "of files, to others"}},
    {Counter::bytes_received,
     {"bytes_received", "bytes", CounterKind::total, "of files, from others"}},
    {Counter::bytes_duplicate, {"bytes_duplicate", "bytes", CounterKind::total, "that came twice"}},
    {Counter::chunks_rejected, {"chunks_rejected", "chunks", CounterKind::total, "corrupt"}},
    {Counter::chunks_unsolicited,
     {"chunks_unsolicited", "chunks", CounterKind::total, "that nobody had asked for"}},
    {Counter::policy_faults,
     {"policy_faults", "calls", CounterKind::total, "of the policy in use, that failed"}},
    {Counter::chunk_order_faults,
     {"chunk_order_faults", "calls", CounterKind::total, "of the order of chunks, that failed"}},
    {Counter::upload_policy_faults,
     {"upload_policy_faults", "calls", CounterKind::total, "of the upload policy, that failed"}},
});

/// What a peer counts. Reactor thread.
using Counters = xfsbus::Counters<counter_table>;

}  // namespace xfsbus::peer::telemetry
