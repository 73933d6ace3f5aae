// What a Download asks of whom.

#include <xfsbus/swarm/download.hpp>

#include <algorithm>
#include <functional>
#include <iterator>

namespace xfsbus::swarm {
namespace {

/// Of the sources in use, the part that may have nothing for us: the rest is kept for those that
/// have, so that a newcomer among newcomers reaches somebody with something to give.
constexpr double empty_part_most = 0.75;
/// Of a file's chunks, the part that may be asked of two sources, at the end.
constexpr std::uint32_t twice_part = 128;
constexpr auto again_least = std::chrono::milliseconds(200);
/// Of so many sources a chunk is asked at the most.
constexpr std::size_t askers_most = 3;
/// A source that delivers nothing is stuck after so many times what each would need for a chunk if
/// all delivered alike.
constexpr double stuck_factor = 4;
constexpr auto stuck_least = std::chrono::seconds(1);
constexpr wire::Duration look_every = std::chrono::milliseconds(50);

/// Times in a row that it did not deliver. Once may happen to one that has delivered before: it is
/// still worth more than one that nobody has tried, which may be gone.
unsigned held_against(DownloadSource const* source) {
    bool const once = source->strikes == 1 && source->delivered_bytes > 0;
    return once ? 0 : source->strikes;
}

/// It was asked for something, and has delivered nothing for so long.
bool is_stuck(wire::Time now, DownloadSource const& source, wire::Duration patience) {
    return now - source.delivered >= patience &&
           std::ranges::any_of(source.asked, [&](auto const& asked) {
               return now - asked.second.since >= patience;
           });
}

}  // namespace

/// After what may have changed who is asked.
void Download::advance(wire::Time now) {
    if (!started_ || over()) {
        return;
    }
    now_ = now;
    questions_ = 0;
    overrule(now);
    check_sources(now);
    make_room(now);
    activate(now);
    replace(now);
    ask(now);
    check_supply(now);
}

/// After what happens with every chunk: the sources are looked at now and then only.
void Download::go_on(wire::Time now) {
    if (now >= next_check_) {
        return advance(now);
    }
    now_ = now;
    questions_ = 0;
    if (started_ && !over()) {
        ask(now);
        check_supply(now);
    }
}

// ---- sources ----

void Download::activate(wire::Time now) {
    while (places_used() < limits_.sources_most && sources_.count(State::reserve) > 0 &&
           !board_.needed().empty() && now >= admit_again_) {
        auto* const chosen = choose_to_admit(now, candidates());
        if (chosen == nullptr) {
            return;
        }
        put_to_work(now, *chosen);
    }
}

/// Who may have a free place. Who did not deliver when it was last asked is not among them, as long
/// as there are others; nor, where the policy was overruled, who has nothing that is needed.
std::vector<DownloadSource*> Download::candidates() {
    auto const most = static_cast<double>(limits_.sources_most);
    auto const empty_most = static_cast<std::size_t>(empty_part_most * most);
    auto const useful = [this](Source const* source) { return has_needed(*source); };
    auto const empty = sources_.active().size() -
                       static_cast<std::size_t>(std::ranges::count_if(sources_.active(), useful));
    std::vector<Source*> eligible;
    for (auto& [id, source] : sources_.all()) {
        bool const promises = source.about.completeness > 0 || !source.has.empty();
        if (source.state == State::reserve && (promises || empty < empty_most)) {
            eligible.push_back(&source);
        }
    }
    if (overruled_ && std::ranges::any_of(eligible, useful)) {
        std::erase_if(eligible, std::not_fn(useful));
    }
    if (!eligible.empty()) {
        auto const fewest = held_against(*std::ranges::min_element(eligible, {}, held_against));
        std::erase_if(eligible,
                      [fewest](Source const* source) { return held_against(source) > fewest; });
    }
    return eligible;
}

void Download::put_to_work(wire::Time now, Source& source) {
    sources_.set_state(source, State::active);
    sources_due_.reset();
    source.heard = now;
    source.probed = now;
    source.delivered = now;
    source.useful = now;
    source.opened = now;
    source.is_mute = false;
    source.is_busy = false;
    source.why.clear();
    picker_.add_source(source.has);
    held_.on_news(now);
    if (in_swarm()) {
        ask_of(source.about.id);
    }
}

/// With all places taken, one that has had nothing for us makes room for one that may have.
void Download::make_room(wire::Time now) {
    if (board_.needed().empty() || places_used() < limits_.sources_most) {
        return;
    }
    auto const useless = std::ranges::find_if(sources_.active(), [&](Source const* source) {
        return source->asked.empty() && !source->leaving &&
               now - source->useful >= limits_.useless_most;
    });
    auto const promises = [](auto const& entry) {
        return entry.second.state == State::reserve && entry.second.about.completeness > 0;
    };
    if (useless != sources_.active().end() && std::ranges::any_of(sources_.all(), promises)) {
        Source& source = **useless;
        source.about.completeness = 0;  // until it is found again
        source.rests_until = now + limits_.useless_most;
        source.is_busy = false;
        // Resting, so that another comes first.
        retire(now, source.about.id, State::resting, "", XFSBUS_OUTCOME_LOST);
    }
}

/// It is asked for nothing more. Its place is free; it goes when what is under way has come.
void Download::give_way(wire::Time now, Source& source) {
    sources_.set_leaving(source);
    picker_.remove_source(source.has);
    held_.on_news(now);
    if (source.asked.empty()) {
        retire(now, source.about.id, State::reserve, "", XFSBUS_OUTCOME_DELIVERED);
    }
}

// ---- chunks ----

void Download::ask(wire::Time now) {
    shown_.clear();
    show_play_head(now);
    ask_for_held(now);
    if (!is_full()) {
        std::vector<Source*> open;
        std::ranges::copy_if(
            sources_.active(), std::back_inserter(open),
            [this](Source const* source) { return may_ask(*source) && is_worth_asking(*source); });
        while (ask_next(now, open)) {
            std::erase_if(open, [this](Source const* source) { return !may_ask(*source); });
        }
    }
    only_held_ = board_.needed().count() == held_.held(now).size();
    if (at_the_end()) {
        ask_again(now);
    }
    next_look_ = now + (at_the_end() ? look_every : limits_.find_every);
}

void Download::show_play_head(wire::Time now) {
    play_head_.advance(now, content_);
    picker_.set_urgent(play_head_.position(), play_head_.position() + ahead_bytes_);
    if (now >= next_play_) {
        picker_.set_play_head(play_head_.position(), play_head_.bytes_per_s());
        next_play_ = now + play_every;
    }
}

/// What waits for a source that has room by now is asked of it.
void Download::ask_for_held(wire::Time now) {
    for (auto const chunk : held_.held(now)) {
        auto const waits_for = held_.find(chunk)->waits_for;
        auto* const source = waits_for ? active(*waits_for) : nullptr;
        bool const gone = source == nullptr || source->leaving || !source->has.contains(chunk);
        if (waits_for && gone) {
            held_.on_news_of(now, chunk);
        } else if (waits_for && may_ask(*source) && !is_full()) {
            assign(now, *source, chunk);
        }
    }
}

/// Whether no more may be under way.
bool Download::is_full() const {
    auto const most =
        std::min(outstanding_said_.value_or(limits_.outstanding_most), limits_.outstanding_most);
    return outstanding_bytes_ > 0 && outstanding_bytes_ + board_.file().chunk_bytes > most;
}

/// Has one of these sources asked for one chunk, or has the chunk held back. False: nothing can be
/// asked for.
bool Download::ask_next(wire::Time now, std::vector<Source*> const& open) {
    if (open.empty() || is_full() || questions_ >= questions_most) {
        return false;
    }
    available_ = open.front()->has;
    for (std::size_t i = 1; i < open.size(); ++i) {
        available_.unite(open[i]->has);
    }
    for (auto const chunk : held_.held(now)) {
        available_.erase(chunk);
    }
    auto const chunk = picker_.best(available_);
    if (!chunk || !held_.has_room(now)) {
        return false;
    }
    auto const answer = choose_to_ask(now, *chunk);
    if (answer.action == XFSBUS_ANSWER_CHOOSE) {
        assign(now, *sources_.active().at(answer.source), *chunk);
        return true;
    }
    auto const* const waits_for =
        answer.action == XFSBUS_ANSWER_WAIT_FOR ? sources_.active().at(answer.source) : nullptr;
    held_.hold(now, *chunk,
               {.until = again_at(now, answer),
                .bytes = board_.file().length(*chunk),
                .waits_for = waits_for ? std::optional(waits_for->about.id) : std::nullopt});
    if (waits_for != nullptr) {
        show_again(now, *waits_for);
    }
    return true;
}

/// Whether one that is in use may be asked for something now. What somebody waits for needs no room
/// in a window: it would come a chunk later.
bool Download::may_ask(Source const& source) const {
    auto const chunk = board_.file().chunk_bytes;
    bool const room = source.has_room(chunk) ||
                      (picker_.urgent_waits() && source.outstanding_bytes <= source.window_bytes());
    return !source.leaving && !awaits_word(source) && is_trusted(source) && room;
}

/// Whether asking is to begin with it. What somebody waits for does not wait for company.
bool Download::is_worth_asking(Source const& source) const {
    return picker_.urgent_waits() || source.is_worth_asking(board_.needed_bytes());
}

/// Where chunks are so large that two for each source would be more than may be outstanding, one
/// that has delivered nothing is asked for one: else silent ones would leave the others no room.
bool Download::is_trusted(Source const& source) const {
    auto const two_of_each = 2 * limits_.sources_most * std::uint64_t{board_.file().chunk_bytes};
    return source.delivered_bytes > 0 || source.asked.empty() ||
           two_of_each <= limits_.outstanding_most;
}

/// Where there are other sinks, a source that has all may want to give each of them something else:
/// it is not asked before it has said what it offers.
bool Download::awaits_word(Source const& source) const {
    return meets_others_ && in_swarm() && !source.has_told && !source.is_mute;
}

/// At the end, with every chunk asked for, those that take long are asked of another, too: the last
/// chunk must not wait for the slowest source. So many copies may come in vain; but sources that
/// have delivered nothing for a while will hardly send one. Of a chunk that none but such were
/// asked for, a third is asked.
void Download::ask_again(wire::Time now) {
    struct Waiting {
        wire::Time since{};
        std::size_t askers = 0;
        bool late = true;   ///< each of them
        bool stuck = true;  ///< each of them
    };

    SmallMap<std::uint32_t, Waiting> waiting;
    auto const patience = stuck_after();
    for (auto const* const source : sources_.active()) {
        bool const delivers = !is_stuck(now, *source, patience);
        for (auto const& [chunk, asked] : source->asked) {
            if (board_.state(chunk) != ChunkState::asked) {
                continue;
            }
            auto& each = waiting.emplace(chunk, Waiting{now}).first->second;
            bool const stuck = !delivers && now - asked.since >= patience;
            each.since = std::min(each.since, asked.since);
            each.stuck = each.stuck && stuck;
            each.late = each.late && (stuck || now - asked.since >= again_after(*source));
            ++each.askers;
        }
    }
    std::vector<std::pair<wire::Time, std::uint32_t>> oldest;
    for (auto const& [chunk, each] : waiting) {
        if (each.askers < askers_most && (each.stuck || (each.late && each.askers == 1))) {
            oldest.emplace_back(each.since, chunk);
        }
    }
    std::ranges::sort(oldest);
    auto const in_vain = progress_.bytes_duplicate / board_.file().chunk_bytes;
    auto const most = std::max(1U, board_.file().chunks / twice_part);
    for (auto const& [since, chunk] : oldest) {
        if (waiting.at(chunk).stuck) {
            ask_for_stuck(now, chunk);
        } else if (twice_.size() + in_vain < most) {
            ask_other_too(now, chunk);
        }
    }
}

void Download::ask_other_too(wire::Time now, std::uint32_t chunk) {
    std::vector<Source*> idle;
    std::ranges::copy_if(
        sources_.active(), std::back_inserter(idle), [chunk](Source const* source) {
            return source->asked.empty() && !source->leaving && source->has.contains(chunk);
        });
    // Rather one that is known to deliver.
    auto const untried = [](Source const* source) { return source->delivered_bytes == 0; };
    if (!std::ranges::all_of(idle, untried)) {
        std::erase_if(idle, untried);
    }
    ask_one_too(now, chunk, idle);
}

/// Of one that is known to deliver, as soon as it has room: one that is not may be silent like
/// those that were asked. Only where there is none, of one that has nothing else to do.
void Download::ask_for_stuck(wire::Time now, std::uint32_t chunk) {
    std::vector<Source*> delivering;
    auto const patience = stuck_after();
    std::ranges::copy_if(
        sources_.active(), std::back_inserter(delivering), [&](Source const* source) {
            return source->delivered_bytes > 0 && !source->leaving && source->has.contains(chunk) &&
                   !source->asked.contains(chunk) && !is_stuck(now, *source, patience);
        });
    if (delivering.empty()) {
        return ask_other_too(now, chunk);
    }
    std::erase_if(delivering, [this](Source const* source) { return !may_ask(*source); });
    ask_one_too(now, chunk, delivering);
}

void Download::ask_one_too(wire::Time now, std::uint32_t chunk, std::vector<Source*> const& some) {
    auto* const chosen = choose_to_ask_too(now, chunk, some);
    if (chosen != nullptr) {
        ++progress_.chunks_asked_twice;
        twice_.insert(chunk);
        assign(now, *chosen, chunk);
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

wire::Duration Download::stuck_after() const {
    double rate = 0;
    for (auto const* const source : sources_.active()) {
        rate += source->rate.bytes_per_second();
    }
    if (rate <= 0) {
        return limits_.patience_least;
    }
    double const round_bytes =
        static_cast<double>(sources_.active().size()) * board_.file().chunk_bytes;
    auto const several = std::chrono::duration<double>(stuck_factor * round_bytes / rate);
    auto const most = std::chrono::duration<double>(limits_.patience_most);
    return std::max<wire::Duration>(
        stuck_least, std::chrono::duration_cast<wire::Duration>(std::min(several, most)));
}

void Download::assign(wire::Time now, Source& source, std::uint32_t chunk) {
    std::uint64_t const bytes = board_.file().length(chunk);
    held_.release(chunk);
    board_.set_state(chunk, ChunkState::asked);
    source.note_asked(now, chunk, bytes);
    outstanding_bytes_ += bytes;
    Ask& ask = ask_of(source.about.id);
    ask.credit = source.credit;
    if (picker_.is_waited_for(chunk)) {
        ask.urgent = true;
        ask.chunks.insert(ask.chunks.begin(), chunk);
    } else {
        ask.chunks.push_back(chunk);
    }
    show_again(now, source);
}

/// The ask to this source that is about to be sent.
Download::Ask& Download::ask_of(SourceId id) {
    auto const found = std::ranges::find(actions_.asks, id, &Ask::source);
    return found != actions_.asks.end() ? *found
                                        : actions_.asks.emplace_back(Ask{id, 0, {}, false});
}

}  // namespace xfsbus::swarm
