#include "core/download.hpp"

#include <algorithm>
#include <cassert>

namespace xfsbus::peer {
namespace {

/// Weight of the newest delivery in the smoothed rate.
constexpr double rate_gain = 0.25;
/// Less time than this says nothing of a rate: chunks are stored in bursts.
constexpr auto rate_time_least = std::chrono::milliseconds(1);
/// However slow a source was, silence of its data ends after so many times the chunk patience.
constexpr int patience_most = 6;
/// How often a source that was lost may come back before it is given up for good.
constexpr unsigned revivals_most = 3;

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::uint64_t micros(wire::Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

std::uint64_t Download::File::offset(std::uint32_t chunk) const {
    return std::uint64_t{chunk} * chunk_bytes;
}

std::uint32_t Download::File::length(std::uint32_t chunk) const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk_bytes, bytes - offset(chunk)));
}

Download::Download(File file, Limits limits, policies::PeerSelector& selector, policies::Rng rng)
    : file_(file),
      limits_(limits),
      selector_(selector),
      rng_(rng),
      chunks_(file.chunks, ChunkState::needed),
      unasked_bytes_(file.bytes) {}

void Download::have(std::uint32_t chunk) {
    assert(!started_);
    if (chunks_.at(chunk) == ChunkState::needed) {
        chunks_[chunk] = ChunkState::stored;
        ++stored_;
        unasked_bytes_ -= file_.length(chunk);
        progress_.bytes_resumed += file_.length(chunk);
        progress_.bytes_stored += file_.length(chunk);
    }
}

// ---- events ----

void Download::start(wire::Time now) {
    started_ = true;
    next_search_ = now;
    advance(now);
}

void Download::add_source(wire::Time now, Candidate const& candidate) {
    auto const [entry, added] = sources_.try_emplace(candidate.id);
    Source& source = entry->second;
    if (!added && (source.state != State::lost || source.revivals == revivals_most)) {
        return;
    }
    source.about = candidate;
    source.state = State::reserve;
    source.revivals += added ? 0 : 1;
    advance(now);
}

void Download::on_search_done(wire::Time now) {
    searching_ = false;
    searched_ = true;
    next_search_ = now + limits_.find_every;
    advance(now);
}

Download::Verdict Download::on_chunk(wire::Time now, SourceId id, std::uint32_t chunk,
                                     std::uint64_t offset, std::uint64_t length) {
    Source* const source = active(id);
    bool const wanted =
        source != nullptr && source->asked.contains(chunk) && chunks_[chunk] == ChunkState::asked;
    if (!wanted) {
        ++progress_.chunks_surplus;
        return Verdict::drop;
    }
    source->heard = now;
    if (offset != file_.offset(chunk) || length != file_.length(chunk)) {
        ++progress_.chunks_rejected;
        source->liar = true;
        retire(now, id, State::out, "sent a chunk of the wrong place or size");
        advance(now);
        return Verdict::lie;
    }
    chunks_[chunk] = ChunkState::arrived;
    return Verdict::take;
}

void Download::on_stored(wire::Time now, SourceId id, std::uint32_t chunk) {
    if (chunks_.at(chunk) != ChunkState::arrived) {
        return;
    }
    std::uint64_t const bytes = file_.length(chunk);
    chunks_[chunk] = ChunkState::stored;
    ++stored_;
    progress_.bytes_stored += bytes;
    auto const found = sources_.find(id);
    if (found != sources_.end()) {
        Source& source = found->second;
        source.delivered_bytes += bytes;
        auto const asked = source.asked.find(chunk);
        if (asked != source.asked.end()) {
            measure(source, bytes, now, asked->second);
            observe(source, bytes, now - asked->second, true);
            source.outstanding_bytes -= bytes;
            source.asked.erase(asked);
        }
        source.delivered = now;
    }
    advance(now);
}

void Download::measure(Source& source, std::uint64_t bytes, wire::Time now, wire::Time asked) {
    // In a full pipeline a chunk takes the time since the chunk before it.
    auto const elapsed = now - std::max(asked, source.measured);
    source.unmeasured_bytes += bytes;
    if (elapsed < rate_time_least) {
        return;
    }
    double const rate = static_cast<double>(source.unmeasured_bytes) / seconds(elapsed);
    source.rate_bytes_per_s +=
        (source.rate_bytes_per_s == 0 ? 1.0 : rate_gain) * (rate - source.rate_bytes_per_s);
    source.unmeasured_bytes = 0;
    source.measured = now;
}

void Download::on_corrupt(wire::Time now, SourceId id, std::uint32_t chunk) {
    ++progress_.chunks_rejected;
    auto const found = sources_.find(id);
    if (found != sources_.end()) {
        found->second.liar = true;
    }
    if (chunks_.at(chunk) == ChunkState::arrived) {
        chunks_[chunk] = ChunkState::asked;  // so that retiring the source gives it back
        if (found == sources_.end() || !found->second.asked.contains(chunk)) {
            chunks_[chunk] = ChunkState::needed;
            first_needed_ = std::min(first_needed_, chunk);
            unasked_bytes_ += file_.length(chunk);
        }
    }
    retire(now, id, State::out, "sent corrupt data");
    advance(now);
}

void Download::on_refused(wire::Time now, SourceId id, wire::ErrorCode code,
                          std::string const& reason) {
    Source const* const source = active(id);
    if (source == nullptr) {
        return;
    }
    bool const for_good = code == wire::ErrorCode::not_found || code == wire::ErrorCode::gone;
    retire(now, id, for_good ? State::out : State::lost, "refused: " + reason);
    advance(now);
}

void Download::on_pong(wire::Time now, SourceId id, std::uint32_t load, double latency_ms) {
    auto const found = sources_.find(id);
    if (found != sources_.end()) {
        found->second.heard = now;
        found->second.about.load = load;
        found->second.about.latency_ms = latency_ms;
    }
}

void Download::on_lost(wire::Time now, SourceId id) {
    auto const found = sources_.find(id);
    if (found != sources_.end() && found->second.state != State::out) {
        retire(now, id, State::lost, "went away");
        advance(now);
    }
}

void Download::on_tick(wire::Time now) {
    advance(now);
}

// ---- decisions ----

void Download::advance(wire::Time now) {
    if (!started_ || over()) {
        return;
    }
    check_sources(now);
    activate(now);
    ask(now);
    check_supply(now);
}

void Download::check_sources(wire::Time now) {
    for (auto& [id, source] : sources_) {
        if (source.state != State::active) {
            continue;
        }
        if (now - source.heard >= limits_.silence_most) {
            retire(now, id, State::lost, "stopped answering");
        } else if (is_late(now, source)) {
            strike(now, id, source);
        } else if (now - source.probed >= limits_.ping_every) {
            source.probed = now;
            actions_.probes.push_back({id});
        }
    }
}

bool Download::is_late(wire::Time now, Source const& source) const {
    return std::ranges::any_of(source.asked, [&](auto const& asked) {
        auto const since = std::max(asked.second, source.delivered);
        return chunks_[asked.first] == ChunkState::asked && now - since >= patience(source);
    });
}

/// It answers but does not deliver: what was asked of it is asked elsewhere.
void Download::strike(wire::Time now, SourceId id, Source& source) {
    ++source.strikes;
    bool const last = source.strikes >= limits_.strikes_most;
    retire(now, id, last ? State::out : State::lost, "did not deliver in time");
}

wire::Duration Download::patience(Source const& source) const {
    if (source.rate_bytes_per_s <= 0) {
        return limits_.chunk_patience;
    }
    // Four times what the chunks before it should take, in a window that is asked for at once.
    auto const expected = std::chrono::duration_cast<wire::Duration>(std::chrono::duration<double>(
        4.0 * static_cast<double>(source.outstanding_bytes) / source.rate_bytes_per_s));
    return std::clamp(expected, limits_.chunk_patience, patience_most * limits_.chunk_patience);
}

void Download::activate(wire::Time now) {
    while (count(State::active) < limits_.sources_most && next_needed()) {
        auto const id = choose(now, file_.chunk_bytes, State::reserve);
        if (!id) {
            return;
        }
        Source& source = sources_.at(*id);
        source.state = State::active;
        source.heard = now;
        source.probed = now;
        source.delivered = now;
        source.measured = now;
        source.unmeasured_bytes = 0;
        source.why.clear();
    }
}

void Download::ask(wire::Time now) {
    while (auto const chunk = next_needed()) {
        auto const id = choose(now, file_.length(*chunk), State::active);
        if (!id) {
            return;
        }
        assign(now, *id, *chunk);
    }
}

/// The source that the policy ranks best among those in this state with room for the bytes.
std::optional<SourceId> Download::choose(wire::Time now, std::uint64_t bytes, State among) {
    std::vector<SourceId> ids;
    std::vector<policies::SourceView> views;
    for (auto const& [id, source] : sources_) {
        bool const room = source.outstanding_bytes == 0 ||
                          source.outstanding_bytes + bytes <= limits_.window_bytes;
        if (source.state == among && room) {
            ids.push_back(id);
            views.push_back(view(id, source));
        }
    }
    if (ids.empty()) {
        return std::nullopt;
    }
    policies::RequestView const request{micros(now.time_since_epoch()), file_.bytes, bytes,
                                        unasked_bytes_};
    auto const picked = selector_.pick(request, views, rng_);
    return picked && *picked < ids.size() ? std::optional(ids[*picked]) : std::nullopt;
}

policies::SourceView Download::view(SourceId id, Source const& source) const {
    return {.source_id = static_cast<std::uint64_t>(id),
            .endpoint = source.about.endpoint.c_str(),
            .labels = source.about.labels.c_str(),
            .latency_ms = source.about.latency_ms,
            .rate_bytes_per_s = source.rate_bytes_per_s,
            .completeness = source.about.completeness,
            .outstanding_bytes = source.outstanding_bytes,
            .window_bytes = limits_.window_bytes,
            .delivered_bytes = source.delivered_bytes,
            .load = source.about.load,
            .failures = source.strikes};
}

std::optional<std::uint32_t> Download::next_needed() const {
    for (auto chunk = first_needed_; chunk < file_.chunks; ++chunk) {
        if (chunks_[chunk] == ChunkState::needed) {
            return chunk;
        }
    }
    return std::nullopt;
}

void Download::assign(wire::Time now, SourceId id, std::uint32_t chunk) {
    Source& source = sources_.at(id);
    std::uint64_t const bytes = file_.length(chunk);
    chunks_[chunk] = ChunkState::asked;
    first_needed_ = chunk + 1;
    unasked_bytes_ -= bytes;
    source.asked[chunk] = now;
    source.outstanding_bytes += bytes;
    source.credit += bytes;
    auto ask = std::ranges::find(actions_.asks, id, &Ask::source);
    if (ask == actions_.asks.end()) {
        ask = actions_.asks.insert(ask, {id, 0, {}});
    }
    ask->credit = source.credit;
    ask->chunks.push_back(chunk);
}

/// The source will not deliver this chunk; somebody else may.
void Download::give_back(Source& source, std::uint32_t chunk) {
    source.outstanding_bytes -= file_.length(chunk);
    if (chunks_[chunk] == ChunkState::asked) {
        chunks_[chunk] = ChunkState::needed;
        first_needed_ = std::min(first_needed_, chunk);
        unasked_bytes_ += file_.length(chunk);
    }
}

void Download::retire(wire::Time now, SourceId id, State state, std::string why) {
    auto const found = sources_.find(id);
    if (found == sources_.end() || found->second.state == State::out) {
        return;
    }
    Source& source = found->second;
    if (source.state == State::active) {
        for (auto const& [chunk, when] : source.asked) {
            if (chunks_[chunk] == ChunkState::asked) {
                observe(source, file_.length(chunk), now - when, false);
            }
            give_back(source, chunk);
        }
        source.asked.clear();
        source.credit = 0;
        std::erase_if(actions_.asks, [id](auto const& ask) { return ask.source == id; });
        std::erase_if(actions_.probes, [id](auto const& probe) { return probe.source == id; });
        actions_.drops.push_back({id});
    }
    source.state = state;
    source.why = std::move(why);
    next_search_ = std::min(next_search_, now);
}

void Download::observe(Source const& source, std::uint64_t bytes, wire::Duration elapsed, bool ok) {
    policies::OutcomeView const outcome{bytes, micros(elapsed), ok ? 1 : 0};
    selector_.observe(view(source.about.id, source), outcome);
}

/// With nothing on its way, looks for sources, for a while.
void Download::check_supply(wire::Time now) {
    bool const coming = std::ranges::any_of(
        sources_, [](auto const& entry) { return !entry.second.asked.empty(); });
    if (coming || std::ranges::find(chunks_, ChunkState::arrived) != chunks_.end()) {
        dry_since_.reset();
        return;
    }
    if (!dry_since_) {
        dry_since_ = now;
    }
    bool const hope = sources_.empty() || count(State::out) < sources_.size();
    bool const searched = !searching_ && next_search_ > now;
    if (now - *dry_since_ >= limits_.no_source_most || (searched && !hope)) {
        fail();
    } else if (!searched && !searching_) {
        searching_ = true;
        actions_.search = true;
    }
}

void Download::fail() {
    if (sources_.empty()) {
        failure_ = searched_ ? Error{Errc::not_found, "no peer that is up has it"}
                             : Error{Errc::timeout, "the search for a source did not end in time"};
        return;
    }
    std::string fates;
    for (auto const& [id, source] : sources_) {
        fates += (fates.empty() ? "" : "; ") + source.about.endpoint + " " +
                 (source.why.empty() ? "was not chosen by the policy" : source.why);
    }
    bool const all_lied =
        std::ranges::all_of(sources_, [](auto const& entry) { return entry.second.liar; });
    failure_ = Error{all_lied ? Errc::integrity : Errc::timeout, "no source is left: " + fates};
}

// ---- answers ----

Download::Actions Download::take_actions() {
    if (over()) {
        for (auto& [id, source] : sources_) {
            if (source.state == State::active) {
                source.state = State::reserve;
                actions_.drops.push_back({id});
            }
        }
    }
    return std::exchange(actions_, {});
}

std::optional<wire::Time> Download::next_deadline() const {
    if (!started_ || over()) {
        return std::nullopt;
    }
    std::optional<wire::Time> next;
    auto const consider = [&](wire::Time time) { next = next ? std::min(*next, time) : time; };
    for (auto const& [id, source] : sources_) {
        if (source.state != State::active) {
            continue;
        }
        consider(source.heard + limits_.silence_most);
        consider(source.probed + limits_.ping_every);
    }
    if (dry_since_) {
        consider(*dry_since_ + limits_.no_source_most);
        if (!searching_) {
            consider(next_search_);
        }
    }
    return next;
}

Download::Progress Download::progress() const {
    auto progress = progress_;
    progress.sources_active = count(State::active);
    return progress;
}

std::vector<Download::SourceReport> Download::sources() const {
    std::vector<SourceReport> reports;
    for (auto const& [id, source] : sources_) {
        std::string state = source.state == State::active ? "active" : "idle";
        reports.push_back({source.about.endpoint, source.delivered_bytes,
                           source.why.empty() ? state : source.why});
    }
    return reports;
}

Download::Source* Download::active(SourceId id) {
    auto const found = sources_.find(id);
    bool const is = found != sources_.end() && found->second.state == State::active;
    return is ? &found->second : nullptr;
}

std::size_t Download::count(State state) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sources_, [state](auto const& entry) { return entry.second.state == state; }));
}

}  // namespace xfsbus::peer
