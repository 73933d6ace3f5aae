// What a Download's policy is asked, what it is shown, and what becomes of its answers.

#include <xfsbus/policies/answers.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/swarm/download.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

constexpr wire::Duration again_usual = std::chrono::milliseconds(500);
constexpr wire::Duration again_most = std::chrono::seconds(5);
/// The policy says so often how much may be under way.
constexpr wire::Duration limits_every = std::chrono::milliseconds(100);
/// Who has just come has to show how it is before it may give way, unless that is known.
constexpr wire::Duration tenure_least = std::chrono::milliseconds(500);
/// Near the end it does not pay to replace a source: what is left is on its way by then.
constexpr double near_end_s = 1;

}  // namespace

// ---- questions ----

bool Download::decides(std::uint32_t purpose) const {
    return (selector_.decides() & policies::questions({purpose})) != 0;
}

/// What the policy answers, or the built-in rule in its place.
policies::Answer Download::put(wire::Time now, std::uint32_t purpose,
                               std::optional<std::uint32_t> chunk,
                               std::vector<policies::SourceView> const& shown) {
    ++questions_;
    auto const question = request(now, purpose, chunk);
    if (overruled_ && purpose == XFSBUS_PURPOSE_ADMIT) {
        return overruled(question, shown);  // else it might want those only that have nothing
    }
    auto const answer = policies::answer_of(selector_, question, shown, rng_, scratch_);
    if (answer.action == XFSBUS_ANSWER_CHOOSE) {
        overruled_ = overruled_ && purpose != XFSBUS_PURPOSE_REQUEST;
    } else if (overruled_) {
        return overruled(question, shown);
    }
    return answer;
}

policies::Answer Download::overruled(policies::RequestView const& request,
                                     std::vector<policies::SourceView> const& shown) {
    policies::LoadLatency rule;
    return policies::default_answer(rule, request, shown, rng_, scratch_);
}

/// A policy may want nobody, or nobody who has what is needed; but not until the download fails.
void Download::overrule(wire::Time now) {
    if (unwanted_since_ && !overruled_ && now - *unwanted_since_ >= indulgence) {
        overruled_ = true;
        held_.on_news(now);
        admit_again_ = now;
    }
}

wire::Time Download::again_at(wire::Time now, policies::Answer const& answer) const {
    auto const most = std::chrono::duration_cast<std::chrono::microseconds>(again_most);
    auto const said = std::min<std::uint64_t>(answer.again_us, micros(most));
    return now + (said > 0 ? std::chrono::microseconds(said) : again_usual);
}

// ---- places ----

DownloadSource* Download::choose_to_admit(wire::Time now, std::vector<Source*> const& candidates) {
    if (candidates.empty()) {
        return nullptr;
    }
    auto const answer = put(now, XFSBUS_PURPOSE_ADMIT, std::nullopt, show(now, candidates));
    if (answer.action == XFSBUS_ANSWER_CHOOSE) {
        return candidates.at(answer.source);
    }
    admit_again_ = again_at(now, answer);
    return nullptr;
}

/// With all places taken, one that waits may come in for another. Several may, as long as nothing
/// was asked of who goes: at the beginning, by what is known from before.
void Download::replace(wire::Time now) {
    if (now < next_replace_ || !may_replace()) {
        return;
    }
    next_replace_ = now + replace_every;
    while (may_replace() && questions_ < questions_most && replace_one(now)) {
    }
}

/// Whether another may be replaced as well.
bool Download::replace_one(wire::Time now) {
    auto const waiting = candidates();
    double rate = 0;
    std::ranges::for_each(sources_.active(),
                          [&](auto* each) { rate += each->rate.bytes_per_second(now); });
    if (waiting.empty() || static_cast<double>(board_.needed_bytes()) <= near_end_s * rate) {
        return false;
    }
    auto const answer = put(now, XFSBUS_PURPOSE_REPLACE, std::nullopt, show(now, waiting));
    if (answer.action != XFSBUS_ANSWER_CHOOSE) {
        return false;
    }
    auto& out = *sources_.active().at(answer.gives_way - waiting.size());
    bool const is_idle = out.asked.empty();
    give_way(now, out);
    put_to_work(now, *waiting.at(answer.source));
    return is_idle;
}

bool Download::may_replace() const {
    return places_used() >= limits_.sources_most && sources_.count(State::reserve) > 0 &&
           sources_.leaving() < limits_.sources_most && !board_.needed().empty();
}

/// Chunks that are needed, and that one of the sources in use alone has.
ChunkSet Download::sole_chunks() const {
    ChunkSet sole(board_.file().chunks);
    board_.needed().for_each([&](std::uint32_t chunk) {
        if (picker_.copies(chunk) == 1) {
            sole.insert(chunk);
        }
    });
    return sole;
}

/// These, which may be answered, and then all that are in use.
std::vector<policies::SourceView> Download::show(wire::Time now,
                                                 std::vector<Source*> const& candidates) const {
    std::vector<policies::SourceView> shown;
    shown.reserve(candidates.size() + sources_.active().size());
    for (auto const* const source : candidates) {
        shown.push_back(view(now, *source));
        shown.back().flags |= XFSBUS_SOURCE_ANSWERABLE;
    }
    bool const is_full = places_used() >= limits_.sources_most;
    auto const sole = is_full ? sole_chunks() : ChunkSet(board_.file().chunks);
    for (auto const* const source : sources_.active()) {
        shown.push_back(view(now, *source));
        bool const is_known = source->known_before || now - source->opened >= tenure_least;
        if (is_full && !source->leaving && is_known) {
            bool const alone = intersect(sole, source->has);
            shown.back().flags |= XFSBUS_SOURCE_ANSWERABLE;
            shown.back().flags |= alone ? XFSBUS_SOURCE_SOLE_HOLDER : 0;
        }
    }
    return shown;
}

// ---- chunks ----

policies::Answer Download::choose_to_ask(wire::Time now, std::uint32_t chunk) {
    show_for(now, chunk);
    return put(now, XFSBUS_PURPOSE_REQUEST, chunk, shown_);
}

/// Makes shown_ what a question about this chunk shows: all in use. Who did not deliver when it was
/// last asked may not be answered, as long as others may.
void Download::show_for(wire::Time now, std::uint32_t chunk) {
    if (shown_.empty()) {
        for (auto const* const source : sources_.active()) {
            shown_.push_back(view(now, *source));
        }
    }
    auto fewest = std::numeric_limits<unsigned>::max();
    for (std::size_t i = 0; i < sources_.active().size(); ++i) {
        Source const& source = *sources_.active()[i];
        auto& flags = shown_[i].flags;
        flags &= XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_LEAVING;
        bool const has = source.has.contains(chunk);
        bool const room = may_ask(source);
        flags |= (has ? XFSBUS_SOURCE_HAS_CHUNK : 0) | (room ? XFSBUS_SOURCE_HAS_ROOM : 0);
        fewest = has && room ? std::min(fewest, source.strikes) : fewest;
    }
    for (std::size_t i = 0; i < sources_.active().size(); ++i) {
        Source const& source = *sources_.active()[i];
        bool const may = policies::has(shown_[i], XFSBUS_SOURCE_HAS_CHUNK) && !source.leaving &&
                         !awaits_word(source) && source.strikes <= fewest;
        shown_[i].flags |= may ? XFSBUS_SOURCE_ANSWERABLE : 0;
    }
}

/// After something was asked of it.
void Download::show_again(wire::Time now, Source const& source) {
    auto const at = std::ranges::find(sources_.active(), &source);
    if (!shown_.empty() && at != sources_.active().end()) {
        shown_.at(static_cast<std::size_t>(at - sources_.active().begin())) = view(now, source);
    }
}

/// One of `some`, to be asked for what another was asked for already.
DownloadSource* Download::choose_to_ask_too(wire::Time now, std::uint32_t chunk,
                                            std::vector<Source*> const& some) {
    auto const* const held = held_copies_.find(chunk);
    bool const waits = held != nullptr && held->until > now;
    if (some.empty() || waits || !held_copies_.has_room(now)) {
        return nullptr;
    }
    show_for(now, chunk);
    auto const fewest = (*std::ranges::min_element(some, {}, &Source::strikes))->strikes;
    for (std::size_t i = 0; i < sources_.active().size(); ++i) {
        bool const may = sources_.active()[i]->strikes <= fewest &&
                         std::ranges::find(some, sources_.active()[i]) != some.end();
        shown_[i].flags &= ~XFSBUS_SOURCE_ANSWERABLE;
        shown_[i].flags |= may ? XFSBUS_SOURCE_ANSWERABLE : 0;
    }
    auto const answer = put(now, XFSBUS_PURPOSE_DUPLICATE, chunk, shown_);
    if (answer.action == XFSBUS_ANSWER_CHOOSE) {
        held_copies_.release(chunk);
        return sources_.active().at(answer.source);
    }
    held_copies_.hold(now, chunk, {.until = again_at(now, answer)});
    return nullptr;
}

/// How much may be under way, where the policy says so. Who has just come has the usual window.
void Download::set_limits(wire::Time now) {
    auto const said = [&](std::uint32_t purpose, std::vector<policies::SourceView> const& shown) {
        auto const answer = put(now, purpose, std::nullopt, shown);
        return answer.action == XFSBUS_ANSWER_LIMIT ? std::optional(answer.bytes) : std::nullopt;
    };
    if (now < next_limits_) {
        return;
    }
    next_limits_ = now + limits_every;
    bool const of_each = decides(XFSBUS_PURPOSE_WINDOW);
    for (auto* const source : sources_.active()) {
        source->window_said =
            of_each ? said(XFSBUS_PURPOSE_WINDOW, {view(now, *source)}) : std::nullopt;
    }
    outstanding_said_ = decides(XFSBUS_PURPOSE_TOTAL) && !sources_.active().empty()
                            ? said(XFSBUS_PURPOSE_TOTAL, show(now, {}))
                            : std::nullopt;
}

// ---- what is shown ----

policies::RequestView Download::request(wire::Time now, std::uint32_t purpose,
                                        std::optional<std::uint32_t> chunk) const {
    auto const& file = board_.file();
    auto const* const held = chunk ? held_.find(*chunk) : nullptr;
    return {.purpose = purpose,
            .now_us = micros(now.time_since_epoch()),
            .transfer = transfer_,
            .file_bytes = file.bytes,
            .bytes = chunk ? file.length(*chunk) : file.chunk_bytes,
            .left_bytes = board_.needed_bytes(),
            .outstanding_bytes = outstanding_bytes_,
            .outstanding_most = limits_.outstanding_most,
            .chunk = chunk.value_or(XFSBUS_NO_CHUNK),
            .copies = chunk ? picker_.copies(*chunk) : 0,
            .places = static_cast<std::uint32_t>(limits_.sources_most),
            .places_used = static_cast<std::uint32_t>(places_used()),
            .held_us = held != nullptr ? micros(now - held->since) : 0};
}

policies::SourceView Download::view(wire::Time now, Source const& source) const {
    auto const chunks = board_.file().chunks;
    bool const told = source.has_told && chunks > 0;
    bool const in_use = source.state == State::active;
    policies::SourceView view{
        .flags = in_use ? XFSBUS_SOURCE_IN_USE : 0,
        .source_id = static_cast<std::uint64_t>(source.about.id),
        .endpoint = source.about.endpoint.c_str(),
        .labels = source.about.labels.c_str(),
        .latency_ms = source.about.latency_ms,
        .rate_bytes_per_s = source.rate.bytes_per_second(now),
        .completeness =
            told ? static_cast<double>(source.has.count()) / chunks : source.about.completeness,
        .outstanding_bytes = source.outstanding_bytes,
        .window_bytes = source.window_bytes(),
        .delivered_bytes = source.delivered_bytes,
        .duplicate_bytes = source.duplicate_bytes,
        .in_use_us = in_use ? micros(now - source.opened) : 0,
        .silent_us = in_use ? micros(now - source.heard) : 0,
        .requests = static_cast<std::uint32_t>(source.asked.size()),
        .load = source.about.load,
        .failures = source.failures,
        .failures_in_a_row = source.strikes,
        .held_bytes = held_.bytes_for(now, source.about.id),
        .history_bytes_per_s = 0,
        .history_age_us = 0,
        .completeness_age_us = in_use ? 0 : micros(now - source.completeness_at)};
    view.flags |= source.leaving ? XFSBUS_SOURCE_LEAVING : 0;
    if (source.known_before) {
        view.history_bytes_per_s = source.known_before->bytes_per_second;
        view.history_age_us = micros(now - source.known_before->at);
    }
    return view;
}

}  // namespace xfsbus::swarm
