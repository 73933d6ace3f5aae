#include <xfsbus/swarm/download.hpp>

#include <algorithm>
#include <cassert>

namespace xfsbus::swarm {

using namespace std::chrono_literals;

Download::Download(ContentState& content, Limits limits, Policies policies, policies::Rng rng)
    : content_(content),
      limits_(limits),
      selector_(policies.selector),
      transfer_(policies.transfer),
      rng_(rng),
      board_(content),
      picker_(board_, policies.order, rng),
      sources_(limits),
      history_(policies.history),
      search_pause_(limits.find_first) {
    progress_.bytes_resumed = content.layout().bytes - board_.needed_bytes();
    progress_.bytes_stored = progress_.bytes_resumed;
}

// ---- sources ----

void Download::start(wire::Time now) {
    started_ = true;
    news_ = now;
    next_search_ = now + search_pause_;
    refresh_at_ = now + limits_.find_seldom;
    next_replace_ = now;
    advance(now);
}

bool Download::add_source(wire::Time now, Candidate const& candidate) {
    constexpr unsigned revivals_most = 3;
    meets_others_ = meets_others_ || candidate.completeness < 1;
    sources_due_.reset();
    auto* known = find(sources_.all(), candidate.id);
    bool const is_new = known == nullptr;
    if (is_new) {
        known = add(candidate);
    }
    if (known == nullptr) {
        return false;
    }
    Source& source = *known;
    bool const revived = source.state == State::lost && source.revivals < revivals_most;
    bool const rests = source.state == State::resting;
    if (!is_new && !revived && !rests && source.state != State::reserve) {
        return source.state == State::active;
    }
    if (auto const lost = std::ranges::find(actions_.drops, candidate.id, &Drop::source);
        lost != actions_.drops.end()) {
        lost->for_good = false;
    }
    source.about = candidate;
    source.completeness_at = now;
    source.known_before = history_ != nullptr ? history_->find(candidate.id) : std::nullopt;
    admit_again_ = now;
    sources_.set_state(source, rests ? State::resting : State::reserve);
    source.revivals += revived ? 1 : 0;
    if (!source.has_told) {
        auto const chunks = board_.file().chunks;
        source.has = candidate.completeness >= 1 ? ChunkSet::full(chunks) : ChunkSet(chunks);
    }
    advance(now);
    return true;
}

Download::Source* Download::add(Candidate const& candidate) {
    if (candidate.completeness <= 0 && has_enough_sources()) {
        return nullptr;
    }
    auto const added = sources_.add(candidate, board_.file().chunks, window());
    if (added.forgotten) {
        drop_for_good(*added.forgotten);
    }
    return added.source;
}

void Download::on_search_done(wire::Time now) {
    searching_ = false;
    searched_ = true;
    search_is_fresh_ = true;
    bool const soon = dry_since_ && !waits_for_busy(now);
    next_search_ = now + (soon ? limits_.find_every : search_pause_);
    refresh_at_ = now + limits_.find_seldom;
    search_pause_ = std::min(2 * search_pause_, limits_.find_seldom);
    advance(now);
}

void Download::on_word(wire::Time now, SourceId id, Word const& word) {
    std::visit([&](auto const& what) { on(now, id, what); }, word);
}

void Download::on(wire::Time now, SourceId id, wire::Have const& have) {
    auto* const source = find(sources_.all(), id);
    if (source == nullptr) {
        return;
    }
    if (!source->has_told || have.complete || !have.bitmap.empty()) {
        sources_due_.reset();
    }
    auto const chunks = board_.file().chunks;
    auto has = have.complete         ? std::optional(ChunkSet::full(chunks))
               : have.bitmap.empty() ? std::nullopt
                                     : ChunkSet::from_wire(have.bitmap, chunks);
    if (has) {
        source->has_told = true;
        if (source->will_have || !source->changes.open(now)) {
            source->will_have = std::move(has);
        } else {
            take_has(now, *source, std::move(*has));
        }
        advance(now);
    }
    if (!have.chunks.empty()) {
        take_gained(now, *source, have.chunks);
    }
}

/// All that it offers, as it says.
void Download::take_has(wire::Time now, Source& source, ChunkSet has) {
    source.changes.spend(now, differences(source.has, has));
    if (source.stays()) {
        held_.on_news_of(now, source.about.id);
        picker_.change_source(source.has, has);
    }
    source.has = std::move(has);
    source.completeness_at = now;
    news_ = has_needed(source) ? now : news_;
}

/// What sources said too soon after other changes.
void Download::take_late_has(wire::Time now) {
    for (auto* const source : sources_.active()) {
        if (source->will_have && source->changes.open(now)) {
            take_has(now, *source, *std::exchange(source->will_have, std::nullopt));
        }
    }
}

void Download::take_gained(wire::Time now, Source& source,
                           std::vector<std::uint32_t> const& chunks) {
    bool const was_useful = has_needed(source);
    bool is_new = false;
    bool wanted = false;
    source.has_told = true;
    source.completeness_at = now;
    for (auto const chunk : chunks) {
        if (chunk < board_.file().chunks && source.will_have) {
            source.will_have->insert(chunk);
        }
        if (chunk >= board_.file().chunks || !source.has.insert(chunk)) {
            continue;
        }
        is_new = true;
        if (source.stays()) {
            picker_.add_copy(chunk);
            held_.on_news_of(now, chunk);
        }
        wanted = wanted || board_.needed().contains(chunk);
    }
    news_ = wanted ? now : news_;
    if (wanted && !was_useful && started_ && !over()) {
        activate(now);  // it does not count among those that have nothing any more
    }
    if ((is_new && at_the_end()) || (wanted && source.state == State::active && may_ask(source))) {
        go_on(now);
    }
}

void Download::on(wire::Time now, SourceId id, wire::Refused const& refused) {
    Source* const source = active(id);
    if (source == nullptr) {
        return;
    }
    auto const code = refused.code;
    std::string why = "refused: " + refused.reason;
    if (code == wire::ErrorCode::not_found || code == wire::ErrorCode::gone) {
        progress_.changed = true;
        retire(now, id, State::out, std::move(why), XFSBUS_OUTCOME_REFUSED);
    } else if (code == wire::ErrorCode::busy) {
        rest_busy(now, id, *source, std::move(why));
    } else if (code == wire::ErrorCode::limit) {
        ++source->strikes;  // so that it is asked ever more seldom
        rest(now, id, *source, std::move(why), XFSBUS_OUTCOME_REFUSED);
    } else {
        source->unreached = code == wire::ErrorCode::unreachable;
        retire(now, id, State::lost, std::move(why), XFSBUS_OUTCOME_REFUSED);
    }
    advance(now);
}

void Download::on(wire::Time now, SourceId id, Vitals const& vitals) {
    if (auto* const source = find(sources_.all(), id)) {
        sources_due_.reset();
        source->heard = now;
        source->about.load = vitals.load;
        source->about.latency_ms = vitals.latency_ms;
    }
}

void Download::on_tick(wire::Time now) {
    advance(now);
}

void Download::play(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s,
                    std::uint64_t ahead_bytes) {
    play_head_.advance(now, content_);
    play_head_.set(now, position, bytes_per_s);
    ahead_bytes_ = ahead_bytes;
    for (auto& [id, source] : sources_.all()) {
        source.window = window();
    }
    go_on(now);
}

// ---- chunks ----

Download::Verdict Download::on_chunk(wire::Time now, SourceId id, std::uint32_t chunk,
                                     std::uint64_t offset, std::uint64_t length) {
    Source* const source = active(id);
    sources_due_.reset();
    if (source != nullptr && source->spared.erase(chunk) > 0) {  // it had begun to send it
        source->heard = now;
        note_duplicate(*source, length);
        return Verdict::drop;
    }
    if (source == nullptr || !source->asked.contains(chunk) || has_brought(id, chunk)) {
        ++progress_.chunks_surplus;
        return Verdict::drop;
    }
    source->heard = now;
    auto const& file = board_.file();
    if (offset != file.offset(chunk) || length != file.length(chunk)) {
        ++progress_.chunks_rejected;
        ++source->chunks_rejected;
        source->liar = true;
        retire(now, id, State::out, "sent a chunk of the wrong place or size",
               XFSBUS_OUTCOME_CORRUPT);
        advance(now);
        return Verdict::lie;
    }
    if (board_.state(chunk) != ChunkState::asked) {  // another was quicker, at the end
        note_duplicate(*source, length);
        settle(now, *source, chunk, XFSBUS_OUTCOME_DUPLICATE);
        advance(now);
        return Verdict::drop;
    }
    board_.set_state(chunk, ChunkState::arrived);
    arrived_.emplace(chunk, id);
    return Verdict::take;
}

void Download::note_duplicate(Source& source, std::uint64_t bytes) {
    ++progress_.chunks_surplus;
    progress_.bytes_duplicate += bytes;
    source.duplicate_bytes += bytes;
}

void Download::on_checked(wire::Time now, SourceId id, std::uint32_t chunk, Check check) {
    check == Check::stored ? on_stored(now, id, chunk) : on_corrupt(now, id, chunk);
}

void Download::on_stored(wire::Time now, SourceId id, std::uint32_t chunk) {
    if (board_.state(chunk) != ChunkState::arrived) {
        return;
    }
    std::uint64_t const bytes = board_.file().length(chunk);
    play_head_.advance(now, content_);
    content_.gained(chunk);
    arrived_.erase(chunk);
    held_copies_.release(chunk);
    news_ = now;
    progress_.bytes_stored += bytes;
    if (auto* const source = find(sources_.all(), id)) {
        source->delivered_bytes += bytes;
        source->delivered = now;
        source->strikes = 0;
        source->busies = 0;
        searched_while_busy_ = false;
        source->revivals = 0;
        settle(now, *source, chunk, XFSBUS_OUTCOME_DELIVERED);
    }
    spare_others(now, chunk);
    if (content_.complete()) {
        std::ranges::for_each(sources_.active(), [&](auto const* each) { remember(now, *each); });
    }
    go_on(now);
}

/// For the downloads to come. What was delivered at once says nothing of a rate.
void Download::remember(wire::Time now, Source const& source) const {
    auto const told = 2 * std::uint64_t{board_.file().chunk_bytes};
    if (history_ != nullptr && source.delivered_bytes >= told) {
        history_->note(source.about.id, source.rate.bytes_per_second(), now);
    }
}

/// Who was asked for it as well and has not begun to send it need not.
void Download::spare_others(wire::Time now, std::uint32_t chunk) {
    if (twice_.erase(chunk) == 0) {
        return;
    }
    for (auto* const source : sources_.active()) {
        if (source->asked.contains(chunk)) {
            forget(now, *source, chunk);
            source->spared.insert(chunk);
            actions_.spares.push_back({source->about.id, {chunk}});
        }
    }
}

void Download::forget(wire::Time now, Source& source, std::uint32_t chunk) {
    std::uint64_t const bytes = board_.file().length(chunk);
    source.note_settled(now, chunk, bytes);
    outstanding_bytes_ -= bytes;
}

void Download::on_corrupt(wire::Time now, SourceId id, std::uint32_t chunk) {
    ++progress_.chunks_rejected;
    progress_.changed = true;
    if (auto* const source = find(sources_.all(), id)) {
        source->liar = true;
        ++source->chunks_rejected;
        settle(now, *source, chunk, XFSBUS_OUTCOME_CORRUPT);
    }
    if (board_.state(chunk) == ChunkState::arrived) {
        arrived_.erase(chunk);
        reopen(chunk);
    }
    retire(now, id, State::out, "sent corrupt data", XFSBUS_OUTCOME_CORRUPT);
    advance(now);
}

/// What was asked of this source has come, or will not: the policy is told.
void Download::settle(wire::Time now, Source& source, std::uint32_t chunk, std::uint32_t outcome) {
    auto const found = source.asked.find(chunk);
    if (found == source.asked.end()) {
        return;
    }
    std::uint64_t const bytes = board_.file().length(chunk);
    if (outcome == XFSBUS_OUTCOME_DELIVERED || outcome == XFSBUS_OUTCOME_DUPLICATE) {
        source.rate.add(now, bytes);
    }
    auto const& asked = found->second;
    selector_.observe(view(now, source), {.reason = outcome,
                                          .transfer = transfer_,
                                          .bytes = bytes,
                                          .elapsed_us = micros(now - asked.since),
                                          .queued_bytes = asked.queued_bytes,
                                          .queued = asked.queued,
                                          .chunk = chunk});
    forget(now, source, chunk);
}

/// Whether its copy of the chunk is being verified and written.
bool Download::has_brought(SourceId id, std::uint32_t chunk) const {
    auto const arrived = arrived_.find(chunk);
    return arrived != arrived_.end() && arrived->second == id;
}

/// Its source will not deliver it: somebody else may, or has been asked as well.
void Download::reopen(std::uint32_t chunk) {
    twice_.erase(chunk);
    bool const asked = std::ranges::any_of(
        sources_.active(), [chunk](auto const* source) { return source->asked.contains(chunk); });
    board_.set_state(chunk, asked ? ChunkState::asked : ChunkState::needed);
    only_held_ = only_held_ && asked;
}

// ---- answers ----

Download::Actions Download::take_actions() {
    if (over()) {
        while (!sources_.active().empty()) {
            actions_.drops.push_back({sources_.active().front()->about.id});
            sources_.set_state(*sources_.active().front(), State::reserve);
        }
        actions_.spares.clear();
        actions_.asks.clear();
        actions_.probes.clear();
    }
    return std::exchange(actions_, {});
}

Download::Progress Download::progress(wire::Time now) const {
    auto progress = progress_;
    progress.sources_active = places_used();
    progress.sources_leaving = sources_.leaving();
    progress.chunks_held = held_.held(now).size();
    progress.stalled = play_head_.stalled();
    progress.failure = failure_;
    progress.waited = waited_ + (dry_since_ && !over() ? now - *dry_since_ : wire::Duration());
    return progress;
}

Download::Source* Download::active(SourceId id) {
    auto* const source = find(sources_.all(), id);
    return source != nullptr && source->state == State::active ? source : nullptr;
}

DownloadSource::Window Download::window() const {
    return {board_.file().chunk_bytes, limits_.window_most, ahead_bytes_ > 0};
}

}  // namespace xfsbus::swarm
