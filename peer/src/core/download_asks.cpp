// What a Download asks of whom.
#include "core/download.hpp"

#include <algorithm>

namespace xfsbus::peer {
namespace {

/// Of the sources in use, the part that may have nothing for us: the rest is kept for those that
/// have, so that a newcomer among newcomers reaches somebody with something to give.
constexpr double empty_part_most = 0.75;
/// Of a file's chunks, the part that may be asked of two sources, at the end.
constexpr std::uint32_t twice_part = 100;
constexpr auto again_least = std::chrono::milliseconds(200);
constexpr auto look_every = std::chrono::milliseconds(50);

std::uint64_t micros(wire::Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

void Download::advance(wire::Time now) {
    if (!started_ || over()) {
        return;
    }
    check_sources(now);
    make_room(now);
    activate(now);
    ask(now);
    check_supply(now);
}

// ---- sources ----

void Download::activate(wire::Time now) {
    auto const most = limits_.sources_most;
    auto const empty_most = static_cast<std::size_t>(empty_part_most * static_cast<double>(most));
    while (count(State::active) < most && !board_.needed().empty()) {
        auto const empty =
            static_cast<std::size_t>(std::ranges::count_if(sources_, [this](auto const& entry) {
                return entry.second.state == State::active && !has_needed(entry.second);
            }));
        auto const id = choose(now, board_.file().chunk_bytes, [&](Source const& source) {
            bool const promises = source.about.completeness > 0 || !source.has.empty();
            return source.state == State::reserve && (promises || empty < empty_most);
        });
        if (!id) {
            return;
        }
        put_to_work(now, *id, sources_.at(*id));
    }
}

void Download::put_to_work(wire::Time now, SourceId id, Source& source) {
    source.state = State::active;
    source.heard = now;
    source.probed = now;
    source.delivered = now;
    source.useful = now;
    source.why.clear();
    board_.add_source(source.has);
    if (in_swarm()) {
        ask_of(id);
    }
}

/// With all places taken, one that has had nothing for us makes room for one that may have.
void Download::make_room(wire::Time now) {
    if (board_.needed().empty()) {
        return;  // nobody has anything for us, and nobody takes its place
    }
    bool const wanted = std::ranges::any_of(sources_, [](auto const& entry) {
        return entry.second.state == State::reserve && entry.second.about.completeness > 0;
    });
    if (!wanted || count(State::active) < limits_.sources_most) {
        return;
    }
    for (auto& [id, source] : sources_) {
        if (source.state == State::active && source.asked.empty() &&
            now - source.useful >= limits_.useless_most) {
            source.about.completeness = 0;  // until it is found again
            source.rests_until = now + limits_.useless_most;
            return retire(now, id, State::resting, "");  // so that another comes first
        }
    }
}

// ---- chunks ----

void Download::ask(wire::Time now) {
    while (ask_next(now)) {
    }
    if (at_the_end()) {
        ask_again(now);
    }
    next_look_ = now + (at_the_end() ? look_every : limits_.find_every);
}

/// Asks for one chunk. False: nothing can be asked for.
bool Download::ask_next(wire::Time now) {
    auto const chunk_bytes = board_.file().chunk_bytes;
    if (outstanding_bytes_ + chunk_bytes > limits_.outstanding_most && outstanding_bytes_ > 0) {
        return false;
    }
    ChunkSet available(board_.file().chunks);
    for (auto const& [id, source] : sources_) {
        if (source.state == State::active && source.has_room(chunk_bytes, window())) {
            available.unite(source.has);
        }
    }
    auto const chunk = board_.best(available);
    if (!chunk) {
        return false;
    }
    auto const id = choose(now, board_.file().length(*chunk), [&](Source const& source) {
        return source.state == State::active && source.has.contains(*chunk) &&
               source.has_room(chunk_bytes, window());
    });
    if (id) {
        assign(now, *id, *chunk);
    }
    return id.has_value();
}

/// At the end, with every chunk asked for, those that take long are asked of another, too: the last
/// chunk must not wait for the slowest source.
void Download::ask_again(wire::Time now) {
    std::vector<std::uint32_t> waiting;
    for (auto const& [id, source] : sources_) {
        for (auto const& [chunk, since] : source.asked) {
            if (board_.state(chunk) == ChunkState::asked && now - since >= again_after(source)) {
                waiting.push_back(chunk);
            }
        }
    }
    for (auto const chunk : waiting) {
        ask_other_too(now, chunk);
    }
}

void Download::ask_other_too(wire::Time now, std::uint32_t chunk) {
    auto const asked = [chunk](auto const& entry) { return entry.second.asked.contains(chunk); };
    bool const enough =
        progress_.chunks_asked_twice >= std::max(1U, board_.file().chunks / twice_part);
    if (enough || std::ranges::count_if(sources_, asked) != 1) {
        return;
    }
    auto const id = choose(now, board_.file().length(chunk), [chunk](Source const& source) {
        return source.state == State::active && source.asked.empty() && source.has.contains(chunk);
    });
    if (id) {
        ++progress_.chunks_asked_twice;
        assign(now, *id, chunk);
    }
}

/// Twice what the chunk should take, by what is known of its source.
wire::Duration Download::again_after(Source const& source) const {
    double const rate = source.rate.bytes_per_second();
    double const expected_s = rate > 0 ? static_cast<double>(source.outstanding_bytes) / rate : 0;
    auto const expected = std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(expected_s + source.about.latency_ms / 1000));
    return std::max<wire::Duration>(again_least, 2 * expected);
}

/// The source that the policy ranks best among those that are eligible.
template <typename Eligible>
std::optional<SourceId> Download::choose(wire::Time now, std::uint64_t bytes, Eligible eligible) {
    std::vector<SourceId> ids;
    std::vector<policies::SourceView> views;
    for (auto const& [id, source] : sources_) {
        if (eligible(source)) {
            ids.push_back(id);
            views.push_back(view(id, source));
        }
    }
    if (ids.empty()) {
        return std::nullopt;
    }
    policies::RequestView const request{micros(now.time_since_epoch()), board_.file().bytes, bytes,
                                        board_.needed_bytes()};
    auto const picked = selector_.pick(request, views, rng_);
    return picked && *picked < ids.size() ? std::optional(ids[*picked]) : std::nullopt;
}

policies::SourceView Download::view(SourceId id, Source const& source) const {
    auto const chunks = board_.file().chunks;
    bool const told = source.has_told && chunks > 0;
    return {.source_id = static_cast<std::uint64_t>(id),
            .endpoint = source.about.endpoint.c_str(),
            .labels = source.about.labels.c_str(),
            .latency_ms = source.about.latency_ms,
            .rate_bytes_per_s = source.rate.bytes_per_second(),
            .completeness =
                told ? static_cast<double>(source.has.count()) / chunks : source.about.completeness,
            .outstanding_bytes = source.outstanding_bytes,
            .window_bytes = source.window_bytes(window()),
            .delivered_bytes = source.delivered_bytes,
            .load = source.about.load,
            .failures = source.failures};
}

void Download::assign(wire::Time now, SourceId id, std::uint32_t chunk) {
    Source& source = sources_.at(id);
    std::uint64_t const bytes = board_.file().length(chunk);
    board_.set_state(chunk, ChunkState::asked);
    source.note_asked(now, chunk, bytes);
    outstanding_bytes_ += bytes;
    Ask& ask = ask_of(id);
    ask.credit = source.credit;
    ask.chunks.push_back(chunk);
}

/// The ask to this source that is about to be sent.
Download::Ask& Download::ask_of(SourceId id) {
    auto const found = std::ranges::find(actions_.asks, id, &Ask::source);
    return found != actions_.asks.end() ? *found : actions_.asks.emplace_back(Ask{id, 0, {}});
}

}  // namespace xfsbus::peer
