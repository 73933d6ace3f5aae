// Who is served, where not all can be: places for sinks, and memory for transfers.

#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

/// After a search in vain for a sink that does nothing there is none for so long.
constexpr auto look_again_after = std::chrono::milliseconds(100);
/// So many transfers are looked at in the search for one that does nothing.
constexpr int transfers_looked_at = 64;
constexpr auto taken_reason = "another needs its place; ask again later";

}  // namespace

std::size_t Uploads::places_of(std::string const& host) const {
    auto const found = table_.hosts.find(host);
    return found == table_.hosts.end() ? 0 : found->second.sinks.size();
}

// ---- places ----

/// Whether the sink has a place, or is given one. Who gives way to it is told.
bool Uploads::make_place(wire::Time now, SinkKey const& key, std::vector<Notice>& ended) {
    auto const& [route, endpoint] = key;
    if (auto const found = table_.sinks.find(key);
        found != table_.sinks.end() && found->second.transfers > 0) {
        return true;
    }
    auto const free = limits_.sinks_most - std::min(table_.places, limits_.sinks_most);
    auto const places = [this](std::string const& host) { return places_of(host); };
    if (!waiting_room_.overtakes(now, route, endpoint.host, std::max<std::size_t>(free, 1),
                                 places)) {
        auto* const gives_way = free > 0 ? nullptr : who_gives_way(now, key);
        if (gives_way != nullptr) {
            end_all(table_.transfers_of(*gives_way), wire::ErrorCode::busy, taken_reason, ended);
        }
        if (free > 0 || gives_way != nullptr) {
            waiting_room_.leave(route);
            return true;
        }
    }
    waiting_room_.note(now, route, endpoint.host);
    return false;
}

Uploads::Sink* Uploads::who_gives_way(wire::Time now, SinkKey const& key) {
    if (auto* const sink = one_that_does_nothing(now)) {
        return sink;
    }
    if (auto* const sink = one_of_largest_host(places_of(key.second.host))) {
        return sink;
    }
    return waiting_room_.has_waited_long(now, key.first) ? one_that_had_long(now, key.second.host)
                                                         : nullptr;
}

/// The one that has done nothing for longest.
Uploads::Sink* Uploads::one_that_does_nothing(wire::Time now) {
    if (now < next_look_) {
        return nullptr;
    }
    Sink* longest = nullptr;
    for (auto& [key, sink] : table_.sinks) {
        bool const earlier = longest == nullptr || sink.moved < longest->moved;
        if (earlier && sink.transfers > 0 && does_nothing(now, sink)) {
            longest = &sink;
        }
    }
    next_look_ = longest == nullptr ? now + look_again_after : next_look_;
    return longest;
}

/// Nothing is under way to it, and it lets nothing be sent: it grants no credit, or asks for
/// nothing. Or what is under way does not leave: it does not read, or cannot be reached.
bool Uploads::does_nothing(wire::Time now, Sink const& sink) const {
    if (sink.ahead.empty()) {
        bool const waits = !sink.turns.empty() || sink.limited > 0;
        return !waits && now - sink.moved >= limits_.place_idle_most;
    }
    constexpr std::uint32_t usual_most = 1024 * 1024;
    Ahead const& oldest = sink.ahead.front();
    auto const most = limits_.place_idle_most * std::max(1U, oldest.length / usual_most);
    return now - std::max(sink.moved, oldest.since) >= most;
}

/// The youngest, to which nothing is under way, of the host that has most; if that leaves it no
/// fewer than the newcomer's host has then, which has `places` now.
Uploads::Sink* Uploads::one_of_largest_host(std::size_t places) {
    auto const largest = std::ranges::max_element(
        table_.hosts, {}, [](auto const& entry) { return entry.second.sinks.size(); });
    if (largest == table_.hosts.end() || largest->second.sinks.size() <= places + 1) {
        return nullptr;
    }
    auto& sinks = largest->second.sinks;
    auto const idle = std::find_if(sinks.rbegin(), sinks.rend(),
                                   [](auto const& entry) { return entry.second->ahead.empty(); });
    return idle == sinks.rend() ? nullptr : idle->second;
}

/// The one that has had its place for longest, if that is long. Not one of a host that has no more
/// than the newcomer's, unless it is that one.
Uploads::Sink* Uploads::one_that_had_long(wire::Time now, std::string const& host) {
    auto const mine = places_of(host);
    Sink* longest = nullptr;
    for (auto& [key, sink] : table_.sinks) {
        bool const had_long = sink.transfers > 0 && now - sink.opened >= limits_.place_most;
        bool const earlier = longest == nullptr || sink.serial < longest->serial;
        auto const& its_host = key.second.host;
        if (had_long && earlier && (its_host == host || places_of(its_host) > mine)) {
            longest = &sink;
        }
    }
    return longest;
}

// ---- memory ----

void Uploads::weigh(Transfer& transfer, std::ptrdiff_t bytes) {
    auto const change = static_cast<std::size_t>(bytes);  // wraps around, and back
    transfer.bytes += change;
    transfer.at_host->bytes += change;
    table_.memory += change;
}

/// Whether there is room for what is needed. Who gives way to it is told.
bool Uploads::make_room(wire::Time now, Need const& need, std::vector<Notice>& ended) {
    auto const count_of = [](Host const& host) { return host.transfers.size(); };
    auto const bytes_of = [](Host const& host) { return host.bytes; };
    while (table_.transfers.size() + need.transfers > limits_.transfers_most) {
        if (!take_from_largest(now, need, need.transfers, count_of, ended)) {
            return false;
        }
    }
    while (table_.memory + need.bytes > limits_.memory_most) {
        if (!take_from_largest(now, need, need.bytes, bytes_of, ended)) {
            return false;
        }
    }
    return true;
}

/// Ends a transfer of the host that has most: the youngest of which nothing is under way, if the
/// asker's host would still have less with `more`; else one that does nothing.
template <typename Amount>
bool Uploads::take_from_largest(wire::Time now, Need const& need, std::size_t more, Amount amount,
                                std::vector<Notice>& ended) {
    auto const largest = std::ranges::max_element(
        table_.hosts, {}, [&](auto const& entry) { return amount(entry.second); });
    if (largest == table_.hosts.end()) {
        return false;
    }
    auto const mine = table_.hosts.find(need.host);
    auto const have = mine == table_.hosts.end() ? 0 : amount(mine->second);
    auto& transfers = largest->second.transfers;
    Transfer const* gives_way = nullptr;
    if (amount(largest->second) > have + more) {
        auto const idle = std::find_if(transfers.rbegin(), transfers.rend(), [](auto const& entry) {
            return entry.second->sent == entry.second->granted;
        });
        gives_way = idle == transfers.rend() ? nullptr : idle->second;
    } else {
        gives_way = transfer_that_does_nothing(now, largest->second, need.asker);
    }
    if (gives_way == nullptr) {
        return false;
    }
    end_all({gives_way->id}, wire::ErrorCode::busy, taken_reason, ended);
    return true;
}

/// A few are looked at each time, one after the other.
Uploads::Transfer const* Uploads::transfer_that_does_nothing(wire::Time now, Host& host,
                                                             Transfer const* asker) const {
    auto at = host.transfers.upper_bound(host.looked_at);
    for (int i = 0; i < transfers_looked_at; ++i, ++at) {
        at = at == host.transfers.end() ? host.transfers.begin() : at;
        Transfer const& transfer = *at->second;
        host.looked_at = transfer.serial;
        if (&transfer != asker && transfer.turn == Transfer::Turn::none &&
            transfer.sent == transfer.granted && now - transfer.moved >= limits_.place_idle_most) {
            return &transfer;
        }
    }
    return nullptr;
}

}  // namespace xfsbus::swarm
