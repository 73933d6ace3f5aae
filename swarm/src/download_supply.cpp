// Whether a Download's sources deliver, and whether anything can come at all.

#include <xfsbus/swarm/download.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// A source may take so many times what its rate promises.
constexpr double patience_factor = 4;
/// Between chunks and news, which may be many, the sources are looked at so often.
constexpr auto check_every = std::chrono::milliseconds(100);
constexpr unsigned doublings_most = 8;
constexpr double longest_s = 3600;

}  // namespace

// ---- sources ----

void Download::check_sources(wire::Time now) {
    admit_again_ = sources_.end_rests(now) ? now : admit_again_;
    next_check_ = now + check_every;
    sources_due_.reset();
    take_late_has(now);
    set_limits(now);
    for (auto* const source : std::vector(sources_.active())) {
        check(now, *source);
    }
}

void Download::check(wire::Time now, Source& source) {
    auto const id = source.about.id;
    if (!source.asked.empty() || has_needed(source)) {
        source.useful = now;
    }
    if (source.leaving && source.asked.empty()) {
        return retire(now, id, State::reserve, "", XFSBUS_OUTCOME_DELIVERED);
    }
    source.is_mute = !source.has_told && now - source.opened >= word_most;
    if (now - source.heard >= limits_.silence_most) {
        retire(now, id, State::lost, "stopped answering", XFSBUS_OUTCOME_LOST);
    } else if (is_late(now, source)) {
        strike(now, id, source);
    } else if (now - source.probed >= limits_.ping_every) {
        source.probed = now;
        actions_.probes.push_back({id});
    }
}

bool Download::is_late(wire::Time now, Source const& source) const {
    auto const allowed = patience(source);
    auto const alone = longer(limits_.chunk_patience, source);
    return std::ranges::any_of(source.asked, [&](auto const& asked) {
        auto const waited = now - std::max(asked.second.since, source.delivered);
        bool const late = !has_brought(source.about.id, asked.first) && waited >= allowed;
        // With nobody else to ask there is nothing to win by haste.
        return late && (waited >= alone || others_have(source, asked.first));
    });
}

bool Download::others_have(Source const& source, std::uint32_t chunk) const {
    return std::ranges::any_of(sources_.active(), [&](Source const* other) {
        return other != &source && !other->leaving && other->has.contains(chunk);
    });
}

wire::Duration Download::patience(Source const& source) const {
    double const rate = source.rate.bytes_per_second();
    if (rate <= 0) {
        return longer(limits_.chunk_patience, source);
    }
    // Also a short chunk has to wait for its turn, which at its source is that of a whole one.
    auto const bytes = std::max<std::uint64_t>(source.outstanding_bytes, board_.file().chunk_bytes);
    auto const expected = std::chrono::duration_cast<wire::Duration>(std::chrono::duration<double>(
        std::min(patience_factor * static_cast<double>(bytes) / rate, longest_s)));
    return longer(std::max(expected, limits_.patience_least), source);
}

/// More each time in a row that it did not deliver, so that one that has become slow can show it.
wire::Duration Download::longer(wire::Duration patience, Source const& source) const {
    auto const most = limits_.patience_most;
    return std::min(std::min(patience, most) * (1U << std::min(source.strikes, doublings_most)),
                    most);
}

/// It answers but does not deliver: what was asked of it is asked elsewhere.
void Download::strike(wire::Time now, SourceId id, Source& source) {
    ++source.failures;
    ++source.strikes;
    if (source.strikes >= limits_.strikes_most) {
        retire(now, id, State::out, "did not deliver in time", XFSBUS_OUTCOME_LATE);
    } else {
        rest(now, id, source, "did not deliver in time", XFSBUS_OUTCOME_LATE);
    }
}

void Download::rest(wire::Time now, SourceId id, Source& source, std::string why,
                    std::uint32_t outcome) {
    source.is_busy = false;
    auto const doublings = std::min(source.strikes - 1, doublings_most);
    source.rests_until = now + limits_.rest * (1U << doublings);
    retire(now, id, State::resting, std::move(why), outcome);
}

/// It lives, and will say the same of everything else: that is no failure, and it is asked again
/// soon, and then more seldom; not all that wait for it at the same time.
void Download::rest_busy(wire::Time now, SourceId id, Source& source, std::string why) {
    busy_ = now;
    auto const doublings = std::min(source.busies++, doublings_most);
    auto const usual = std::min(limits_.busy_rest * (1U << doublings), limits_.busy_rest_most);
    constexpr std::size_t steps = 1024;
    auto const part = static_cast<std::int64_t>(rng_.below(steps));
    source.rests_until =
        now + usual * 3 / 4 + usual * part / (2 * static_cast<std::int64_t>(steps));
    source.is_busy = true;
    retire(now, id, State::resting, std::move(why), XFSBUS_OUTCOME_REFUSED);
}

/// `outcome`: of what was asked of it.
void Download::retire(wire::Time now, SourceId id, State state, std::string why,
                      std::uint32_t outcome) {
    auto* const known = find(sources_.all(), id);
    if (known == nullptr || known->state == State::out) {
        return;
    }
    Source& source = *known;
    if (source.state == State::active) {
        give_back(now, source, outcome);
        if (!source.leaving) {
            picker_.remove_source(source.has);
        }
        remember(now, source);
        held_.on_news(now);
        admit_again_ = now;
        source.credit = 0;
        source.spared.clear();
        std::erase_if(actions_.asks, [id](auto const& ask) { return ask.source == id; });
        std::erase_if(actions_.probes, [id](auto const& probe) { return probe.source == id; });
        std::erase_if(actions_.spares, [id](auto const& spare) { return spare.source == id; });
        actions_.drops.push_back({id});
    }
    bool const was_lost = source.state == State::lost;
    sources_.set_state(source, state);
    sources_due_.reset();
    source.why = std::move(why);
    if (state == State::lost || state == State::out) {
        if (!was_lost) {
            drop_for_good(id);
        }
        search_is_fresh_ = false;
        search_pause_ = limits_.find_first;
        next_search_ = std::min(next_search_, now + search_pause_);
    }
}

/// Its link may go: it is not named any more, unless it is found again.
void Download::drop_for_good(SourceId id) {
    auto const found = std::ranges::find(actions_.drops, id, &Drop::source);
    auto& drop = found != actions_.drops.end() ? *found : actions_.drops.emplace_back(Drop{id});
    drop.for_good = true;
}

/// The source will not deliver what was asked of it; somebody else may. One that is busy has not
/// even begun, so the policy is told nothing.
void Download::give_back(wire::Time now, Source& source, std::uint32_t outcome) {
    auto const asked = source.asked;
    for (auto const& [chunk, how] : asked) {
        bool const delivered = has_brought(source.about.id, chunk);
        if (source.is_busy && !delivered) {
            forget(now, source, chunk);
        } else {
            settle(now, source, chunk, delivered ? XFSBUS_OUTCOME_DELIVERED : outcome);
        }
        if (board_.state(chunk) == ChunkState::asked) {
            reopen(chunk);
        }
    }
}

// ---- supply ----

/// With nothing on its way, looks for sources, for a while.
void Download::check_supply(wire::Time now) {
    bool const coming = outstanding_bytes_ > 0 || !arrived_.empty();
    if (coming && dry_since_) {
        waited_ += now - *dry_since_;
        dry_since_.reset();
    } else if (!coming && !dry_since_) {
        dry_since_ = now;
        if (!waits_for_busy(now) || !std::exchange(searched_while_busy_, true)) {
            next_search_ = std::min(next_search_, now + limits_.find_every);
        }
    }
    bool const unwanted = dry_since_ && has_usable();
    unwanted_since_ = unwanted ? std::optional(unwanted_since_.value_or(now)) : std::nullopt;
    if (gives_up(now)) {
        fail();
    } else if ((searches() && (now >= next_search_ || (dry_since_ && !search_is_fresh_))) ||
               (refreshes() && now >= refresh_at_)) {
        searching_ = true;
        actions_.search = true;
    }
}

bool Download::has_needed(Source const& source) const {
    return intersect(board_.needed(), source.has);
}

/// Whether the policy could have something asked for.
bool Download::has_usable() const {
    return std::ranges::any_of(sources_.all(), [this](auto const& entry) {
        auto const state = entry.second.state;
        return (state == State::active || state == State::reserve) && has_needed(entry.second);
    });
}

/// A source has said of late that it is busy. Many may wait for it like this one: they do not all
/// look for others every second.
bool Download::waits_for_busy(wire::Time now) const {
    return busy_ != wire::Time{} && now - busy_ < limits_.no_source_most;
}

bool Download::gives_up(wire::Time now) const {
    if (!dry_since_) {
        return false;
    }
    bool const hope = sources_.all().empty() || sources_.count(State::out) < sources_.all().size();
    return now >= dry_until() || (!hope && search_is_fresh_ && !searching_);
}

/// Until when it is waited for something to come.
wire::Time Download::dry_until() const {
    auto const since = std::max(*dry_since_, busy_);
    if (std::ranges::any_of(sources_.active(),
                            [this](auto const* source) { return has_needed(*source); })) {
        return since + limits_.no_source_most;  // the policy does not want it
    }
    if (sources_.count(State::resting) > 0 || !sources_.active().empty()) {
        return std::max(since, news_) + limits_.no_news_most;
    }
    return since + limits_.no_source_most;
}

/// While nothing comes, and now and then as long as more sources could be used.
bool Download::searches() const {
    bool const more = in_swarm() && !has_enough_sources();
    return !searching_ && (dry_since_ || more);
}

/// With enough sources it is only asked, now and then, how much each has by now, so that it is
/// known who may come in for whom.
bool Download::refreshes() const {
    return !searching_ && in_swarm() && meets_others_ && sources_.count(State::reserve) > 0;
}

bool Download::has_enough_sources() const {
    auto const usable =
        sources_.all().size() - sources_.count(State::lost) - sources_.count(State::out);
    return usable >= 2 * limits_.sources_most;
}

void Download::fail() {
    if (sources_.all().empty()) {
        failure_ = searched_ ? Error{Errc::not_found, "no peer that is up has it"}
                             : Error{Errc::timeout, "the search for a source did not end in time"};
        return;
    }
    std::string fates;
    for (auto const& [id, source] : sources_.all()) {
        std::string const idle =
            has_needed(source) ? "was not chosen by the policy" : "has nothing more that is needed";
        fates += (fates.empty() ? "" : "; ") + source.about.endpoint + " " +
                 (source.why.empty() ? idle : source.why);
    }
    auto const all = [this](bool Source::*trait) {
        return std::ranges::all_of(sources_.all(),
                                   [&](auto const& entry) { return entry.second.*trait; });
    };
    auto const code = all(&Source::liar)        ? Errc::integrity
                      : all(&Source::unreached) ? Errc::network
                                                : Errc::timeout;
    failure_ = Error{code, "no source is left: " + fates};
}

/// When the first of those in use is to be looked at. With most words that come it is not another
/// time than before.
wire::Time Download::sources_due() const {
    if (sources_due_) {
        return *sources_due_;
    }
    auto due = wire::Time::max();
    for (auto const* const source : sources_.active()) {
        due = std::min(
            {due, source->heard + limits_.silence_most, source->probed + limits_.ping_every});
        if (awaits_word(*source)) {
            due = std::min(due, source->opened + word_most);
        }
        if (source->will_have) {
            due = std::min(due, source->changes.free_at());
        }
    }
    sources_due_ = due;
    return due;
}

std::optional<wire::Time> Download::next_deadline() const {
    if (!started_ || over()) {
        return std::nullopt;
    }
    std::optional<wire::Time> next;
    auto const consider = [&](wire::Time time) { next = next ? std::min(*next, time) : time; };
    if (!sources_.active().empty()) {
        consider(sources_due());
    }
    if (auto const ends = sources_.rest_ends()) {
        consider(*ends);
    }
    if (at_the_end()) {
        consider(next_look_);
    }
    for (auto const& again : {held_.next(now_), held_copies_.next(now_)}) {
        if (again) {
            consider(*again);
        }
    }
    if (admit_again_ > now_) {
        consider(admit_again_);
    }
    if (may_replace()) {
        consider(next_replace_);
    }
    if (sources_.leaving() > 0) {
        consider(next_check_);
    }
    if (unwanted_since_ && !overruled_) {
        consider(*unwanted_since_ + indulgence);
    }
    if (dry_since_) {
        consider(next_look_);  // the policy may have changed its mind
        consider(dry_until());
    }
    if (searches()) {
        consider(next_search_);
    }
    if (refreshes()) {
        consider(refresh_at_);
    }
    return next;
}

}  // namespace xfsbus::swarm
