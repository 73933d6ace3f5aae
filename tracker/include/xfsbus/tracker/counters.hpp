#pragma once

#include <xfsbus/wire/counters.hpp>

#include <array>
#include <cstdint>

namespace xfsbus::tracker {

enum class Counter : std::uint8_t {
    peers,
    files,
    versions,
    bytes,
    pending_finds,
    scans,
    subscriptions,
    pending_registrations,
    messages,
    finds,
    registrations,
    updates,
    drops,
    failures,
    garbage,
};

inline constexpr auto counter_table = std::to_array<CounterRow<Counter>>({
    {Counter::peers, {"peers", "peers", CounterKind::now, "registered"}},
    {Counter::files, {"files", "files", CounterKind::now, "listed, those of each peer counted"}},
    {Counter::versions, {"versions", "files", CounterKind::now, "different in name or content"}},
    {Counter::bytes, {"bytes", "bytes", CounterKind::now, "that peers and their files take"}},
    {Counter::pending_finds,
     {"pending_finds", "finds", CounterKind::now, "that wait for a source to answer"}},
    {Counter::scans, {"scans", "questions", CounterKind::now, "that take long, and take turns"}},
    {Counter::subscriptions,
     {"subscriptions", "questions", CounterKind::now,
      "of those that want to hear of changes, and wait for one"}},
    {Counter::pending_registrations,
     {"pending_registrations", "peers", CounterKind::now,
      "that wait for the holder of their id or address"}},
    {Counter::messages, {"messages", "messages", CounterKind::total, "taken in"}},
    {Counter::finds, {"finds", "messages", CounterKind::total, "that ask who has something"}},
    {Counter::registrations, {"registrations", "messages", CounterKind::total, "that register"}},
    {Counter::updates, {"updates", "messages", CounterKind::total, "that change a list of files"}},
    {Counter::drops, {"drops", "peers", CounterKind::total, "lost without a good-bye"}},
    {Counter::failures, {"failures", "answers", CounterKind::total, "that refuse something"}},
    {Counter::garbage, {"garbage", "messages", CounterKind::total, "that were none"}},
});

using Counters = xfsbus::Counters<counter_table>;

}  // namespace xfsbus::tracker
