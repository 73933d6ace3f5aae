#include "core/swarm_offers.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::peer {
namespace {

/// Chunks that a sink may choose from at any time while it is told of less than what is here. One
/// that asks quickly is offered more at a time.
constexpr std::size_t choice_least = 2;
/// If nothing has left for so many times the usual while, the sinks that wait for what has never
/// left do not read: what is here is offered to all.
constexpr int stalled_factor = 4;
constexpr auto stalled_least = std::chrono::seconds(1);

}  // namespace

void SwarmOffers::open(wire::Time now, wire::TransferId const& transfer, wire::ContentId const& id,
                       Content const& content, bool swarm) {
    auto const [entry, first] = served_.try_emplace(id);
    Served& served = entry->second;
    auto const chunks = content.chunks;
    if (first) {
        served.about = content;
        served.seed = content.has.complete();
        served.copies.resize(chunks);
        served.asked_by.resize(chunks);
        served.never_left = content.has.count();
        served.opened = now;
        served.last_sent = now;
    }
    served.sinks.push_back(transfer);
    served.swarm_sinks += swarm ? 1 : 0;
    Sink sink;
    sink.content = id;
    sink.swarm = swarm;
    sink.has = ChunkSet(chunks);
    sink.asked = ChunkSet(chunks);
    sink.offered = ChunkSet(chunks);
    sinks_.emplace(transfer, std::move(sink));
    changed_.insert(id);
}

void SwarmOffers::close(wire::TransferId const& transfer) {
    auto const node = sinks_.extract(transfer);
    if (node.empty()) {
        return;
    }
    Sink const& sink = node.mapped();
    auto const at = served_.find(sink.content);
    Served& served = at->second;
    std::erase(served.sinks, transfer);
    if (served.sinks.empty()) {
        changed_.erase(sink.content);
        served_.erase(at);
        return;
    }
    served.swarm_sinks -= sink.swarm ? 1 : 0;
    sink.asked.for_each([&](std::uint32_t chunk) { --served.asked_by[chunk]; });
    sink.offered.for_each([&](std::uint32_t chunk) {
        bool const elsewhere = std::ranges::any_of(
            served.sinks, [&](auto const& id) { return sinks_.at(id).offered.contains(chunk); });
        if (served.copies[chunk] == 0 && served.asked_by[chunk] == 0 && !elsewhere) {
            served.fresh.push_back(chunk);
        }
    });
    changed_.insert(sink.content);
}

void SwarmOffers::gained(wire::ContentId const& content, std::uint32_t chunk) {
    auto const found = served_.find(content);
    if (found == served_.end() || !found->second.about.has.insert(chunk)) {
        return;
    }
    Served& served = found->second;
    served.never_left += served.copies[chunk] == 0 ? 1 : 0;
    for (auto const& id : served.sinks) {
        Sink& sink = sinks_.at(id);
        if (sink.swarm && sink.told) {
            sink.gained.push_back(chunk);
        }
    }
    changed_.insert(content);
}

void SwarmOffers::sink_has(wire::TransferId const& transfer,
                           std::vector<std::uint32_t> const& chunks) {
    auto const found = sinks_.find(transfer);
    if (found == sinks_.end()) {
        return;
    }
    Served& served = served_.at(found->second.content);
    for (auto const chunk : chunks) {
        if (chunk < served.about.chunks && found->second.has.insert(chunk)) {
            note_copy(served, chunk);
        }
    }
    changed_.insert(found->second.content);
}

void SwarmOffers::asked(wire::TransferId const& transfer, std::uint32_t chunk) {
    Sink& sink = sinks_.at(transfer);
    if (sink.asked.insert(chunk)) {
        ++served_.at(sink.content).asked_by[chunk];
        ++sink.asked_lately;
        changed_.insert(sink.content);
    }
}

void SwarmOffers::sent(wire::Time now, wire::TransferId const& transfer, std::uint32_t chunk) {
    Sink& sink = sinks_.at(transfer);
    Served& served = served_.at(sink.content);
    served.last_sent = now;
    ++served.sent;
    early_copies_ += served.copies[chunk] > 0 && served.never_left > 0 ? 1 : 0;
    served.asked_by[chunk] -= sink.asked.erase(chunk) ? 1 : 0;
    sink.has.insert(chunk);
    note_copy(served, chunk);
    changed_.insert(sink.content);
}

void SwarmOffers::note_copy(Served& served, std::uint32_t chunk) {
    bool const first = served.copies[chunk]++ == 0;
    served.never_left -= first && served.about.has.contains(chunk) ? 1 : 0;
}

bool SwarmOffers::has(wire::TransferId const& transfer, std::uint32_t chunk) const {
    return served_.at(sinks_.at(transfer).content).about.has.contains(chunk);
}

std::uint32_t SwarmOffers::copies(wire::TransferId const& transfer, std::uint32_t chunk) const {
    return served_.at(sinks_.at(transfer).content).copies[chunk];
}

// ---- what is told ----

std::vector<SwarmOffers::Told> SwarmOffers::take(wire::Time now) {
    std::vector<Told> all;
    for (auto const& content : std::exchange(changed_, {})) {
        Served& served = served_.at(content);
        set_narrow(served, narrows(served, now));
        for (auto const& id : served.sinks) {
            if (auto told = news_of(id, served)) {
                all.push_back(std::move(*told));
            }
        }
        if (served.narrow) {
            changed_.insert(content);  // it may turn out to be stalled
        }
    }
    return all;
}

bool SwarmOffers::narrows(Served const& served, wire::Time now) {
    if (!served.seed || served.swarm_sinks < 2 || served.never_left == 0) {
        return false;
    }
    auto const usual = (served.last_sent - served.opened) / std::max(1U, served.sent);
    return now - served.last_sent < std::max<wire::Duration>(stalled_least, stalled_factor * usual);
}

void SwarmOffers::set_narrow(Served& served, bool narrow) {
    if (std::exchange(served.narrow, narrow) == narrow || !narrow) {
        return;
    }
    served.fresh.clear();
    served.about.has.for_each([&](std::uint32_t chunk) {
        if (served.copies[chunk] == 0 && served.asked_by[chunk] == 0) {
            served.fresh.push_back(chunk);
        }
    });
    std::shuffle(served.fresh.begin(), served.fresh.end(), random_);
}

std::optional<SwarmOffers::Told> SwarmOffers::news_of(wire::TransferId const& id, Served& served) {
    Sink& sink = sinks_.at(id);
    if (!sink.swarm) {
        return std::nullopt;
    }
    Told told;
    told.transfer = id;
    bool const was_narrowed = std::exchange(sink.narrowed, served.narrow);
    if (served.narrow) {
        if (!was_narrowed) {
            told.replaces = true;
            sink.offered = sink.asked;
        }
        auto const most = choice_least + 2 * std::exchange(sink.asked_lately, 0);
        told.gained = deal(sink, served, most);
        for (auto const chunk : told.gained) {
            sink.offered.insert(chunk);
        }
    } else if (was_narrowed || !sink.told) {
        told.replaces = true;
        told.has = served.about.has;
    } else {
        told.gained = std::move(sink.gained);
    }
    sink.gained.clear();
    sink.told = true;
    if (told.replaces && served.narrow) {
        told.has = sink.offered;
        told.gained.clear();
    }
    return told.replaces || !told.gained.empty() ? std::optional(std::move(told)) : std::nullopt;
}

/// Chunks that have never left, so that the sink has so many to choose from. First those that are
/// offered to nobody; then those that nobody else has asked for.
std::vector<std::uint32_t> SwarmOffers::deal(Sink const& sink, Served& served, std::size_t most) {
    auto const is_free = [&](std::uint32_t chunk) {
        return served.copies[chunk] == 0 && served.asked_by[chunk] == 0;
    };
    std::size_t choice = 0;
    sink.offered.for_each([&](std::uint32_t chunk) { choice += is_free(chunk) ? 1 : 0; });
    std::vector<std::uint32_t> dealt;
    while (choice + dealt.size() < most && !served.fresh.empty()) {
        auto const chunk = served.fresh.back();
        served.fresh.pop_back();
        if (is_free(chunk)) {
            dealt.push_back(chunk);
        }
    }
    if (choice + dealt.size() > 0) {
        return dealt;
    }
    for (std::uint32_t chunk = 0; chunk < served.about.chunks && dealt.empty(); ++chunk) {
        if (is_free(chunk) && !sink.offered.contains(chunk)) {
            dealt.push_back(chunk);
        }
    }
    return dealt;
}

}  // namespace xfsbus::peer
