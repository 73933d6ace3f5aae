#include <xfsbus/swarm/manifest_fetcher.hpp>
#include <xfsbus/swarm/reasons.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <string_view>

namespace xfsbus::swarm {
namespace {

/// Magic, numbers and the length of the name; and the longest name.
constexpr std::uint64_t head_bytes = 18;
constexpr std::uint64_t name_bytes_most = 32;

std::uint64_t chunks_of(std::uint64_t file_bytes) {
    return wire::layout_of(file_bytes, wire::chunk_size_for(file_bytes)).chunks;
}

/// A size that no peer can have claimed within the protocol is no help.
std::uint64_t bounded(std::uint64_t size_hint) {
    return std::min(size_hint, wire::limits::file_bytes);
}

/// At least so long is the manifest of a content of this size.
std::uint64_t manifest_bytes_least(std::uint64_t file_bytes) {
    return head_bytes + 1 + chunks_of(file_bytes) * wire::limits::digest_bytes_min;
}

std::uint64_t manifest_bytes_most(std::uint64_t file_bytes) {
    return head_bytes + name_bytes_most + chunks_of(file_bytes) * wire::limits::digest_bytes_max;
}

std::string of_source(wire::Endpoint const& source, std::string_view what) {
    return wire::escape(source.to_string()) + ": " + std::string(what);
}

/// Why this part cannot belong to a manifest of which `have` bytes are here; empty if it can.
std::string_view problem_of(wire::ManifestPart const& part, std::uint64_t have,
                            std::uint64_t total) {
    if (part.total > wire::limits::manifest_bytes) {
        return "it claims a manifest larger than any can be";
    }
    if (total != 0 && part.total != total) {
        return "it changed its word about the size of the manifest";
    }
    if (part.offset != have) {
        return "it sent another part of the manifest than it was asked for";
    }
    if (part.bytes.empty()) {
        return "it sent nothing of the manifest that it says it has";
    }
    if (part.bytes.size() > part.total - part.offset) {
        return "it sent more than the whole manifest";
    }
    return {};
}

}  // namespace

// ---- what is known ----

wire::Time ManifestFetcher::Try::deadline() const {
    return since + answer_most +
           std::chrono::milliseconds(1000 * bytes.size() / bytes_per_second_least);
}

ManifestFetcher::Try* ManifestFetcher::Wanted::find(Source const& source) {
    auto const found = std::ranges::find(tries, source, &Try::source);
    return found == tries.end() ? nullptr : &*found;
}

void ManifestFetcher::Wanted::set(Try& attempt, Try::State state) {
    using State = Try::State;
    auto const count = [this](State of, std::size_t by) {
        untried += of == State::untried ? by : 0;
        lingering += of == State::lingering ? by : 0;
        under_way += of != State::untried && of != State::failed ? by : 0;
    };
    count(attempt.state, ~std::size_t{0});  // one less
    count(state, 1);
    attempt.state = state;
}

/// More are asked at once from now on.
void ManifestFetcher::Wanted::widen() {
    at_once = std::min(2 * at_once, asked_at_once_most);
}

std::optional<ManifestFetcher::Place> ManifestFetcher::find(wire::ContentId const& content,
                                                            Source const& source) {
    auto const found = wanted_.find(content);
    auto* const attempt = found == wanted_.end() ? nullptr : found->second.find(source);
    if (attempt == nullptr) {
        return std::nullopt;
    }
    return Place{content, found->second, *attempt};
}

// ---- events ----

void ManifestFetcher::want(std::vector<Want> const& wants) {
    for (auto const& want : wants) {
        auto const [entry, is_new] = wanted_.try_emplace(want.content);
        auto& wanted = entry->second;
        if (is_new) {
            order_.push_back(want.content);
            wanted.size_hint = bounded(want.size_hint);
            wanted.alone =
                manifest_bytes_least(wanted.size_hint) > wire::limits::manifest_reply_bytes;
        }
        for (auto const& source : want.sources) {
            add(wanted, source);
        }
    }
}

void ManifestFetcher::add_source(wire::ContentId const& content, Source const& source) {
    if (auto const found = wanted_.find(content); found != wanted_.end()) {
        add(found->second, source);
    }
}

void ManifestFetcher::add(Wanted& wanted, Source const& source) {
    if (wanted.tries.size() < sources_most && wanted.find(source) == nullptr) {
        wanted.tries.push_back({.source = source});
        ++wanted.untried;
    }
}

void ManifestFetcher::on_search_done(wire::ContentId const& content) {
    if (auto const found = wanted_.find(content); found != wanted_.end()) {
        found->second.searching = false;
    }
}

/// Parts come in the order asked; what is left out at the end did not fit.
void ManifestFetcher::on_answer(wire::Time now, Source const& source, wire::Manifests&& answer) {
    auto const asked = std::exchange(known_[source].asked, {});
    if (asked.empty()) {
        return;
    }
    --questions_open_;
    std::size_t taken = 0;
    for (auto& part : answer.parts) {
        if (taken == asked.size() || part.content != asked[taken]) {
            break;
        }
        auto const place = find(asked[taken++], source);
        if (place && place->attempt.is_asked()) {
            take_part(now, *place, std::move(part));
        }
    }
    for (auto i = taken; i < asked.size(); ++i) {
        auto const place = find(asked[i], source);
        if (!place || !place->attempt.is_asked()) {
            continue;
        }
        if (i == 0) {
            discredit(*place, "it answered something else than it was asked");
            continue;
        }
        place->wanted.set(place->attempt, Try::State::untried);
    }
}

void ManifestFetcher::on_failure(Source const& source, Error const& error) {
    auto& known = known_[source];
    auto const asked = std::exchange(known.asked, {});
    if (asked.empty()) {
        return;
    }
    --questions_open_;
    known.doubtful = true;
    for (auto const& content : asked) {
        auto const place = find(content, source);
        if (place && place->attempt.is_asked()) {
            fail_and_widen(*place, error);
        }
    }
}

void ManifestFetcher::on_checked(Check const& check,
                                 Result<std::shared_ptr<wire::Manifest const>> const& checked) {
    (check.in_parts ? long_bytes_ : held_bytes_) -= check.bytes->size();
    auto const place = find(check.content, check.source);
    if (place && place->attempt.state == Try::State::checking) {
        if (checked) {
            known_[check.source].doubtful = false;
            actions_.haves.push_back({check.content, *checked, check.file});
            forget(check.content);
        } else if (checked.error().code == Errc::integrity) {
            discredit(*place, checked.error().message);
        } else {
            fail(*place, {checked.error().code, of_source(check.source, checked.error().message)});
        }
    }
}

/// Whoever is slow is not given up yet, but others are asked as well.
void ManifestFetcher::on_tick(wire::Time now) {
    for (auto& [content, wanted] : wanted_) {
        if (wanted.under_way == 0 || wanted.hurry_at > now) {
            continue;
        }
        wanted.hurry_at = now + hurry;
        wanted.widen();
        for (auto& attempt : wanted.tries) {
            if (!attempt.is_asked()) {
                continue;
            }
            known_[attempt.source].doubtful = true;
            if (now - attempt.since >= in_the_way_most) {
                wanted.set(attempt, Try::State::lingering);
            }
        }
    }
}

std::optional<wire::Time> ManifestFetcher::next_deadline() const {
    std::optional<wire::Time> first;
    for (auto const& [content, wanted] : wanted_) {
        if (wanted.under_way > 0 && (!first || wanted.hurry_at < *first)) {
            first = wanted.hurry_at;
        }
    }
    return first;
}

// ---- who is asked ----

ManifestFetcher::Actions ManifestFetcher::take_actions(wire::Time now) {
    settle();
    ask_all(now);
    return std::exchange(actions_, {});
}

/// What did not fit any more is asked for when something has come in.
void ManifestFetcher::ask_all(wire::Time now) {
    std::erase_if(order_, [this](auto const& content) { return !wanted_.contains(content); });
    for (auto const& content : order_) {
        auto& wanted = wanted_.at(content);
        while (wanted.under_way - wanted.lingering < wanted.at_once && room()) {
            auto* const attempt = next_try(wanted);
            if (attempt == nullptr || !add_to_question(now, {content, wanted, *attempt})) {
                break;
            }
        }
    }
    for (auto& [source, question] : std::exchange(questions_, {})) {
        put(std::move(question));
    }
}

/// One that can be asked now; null if there is none, or if it is better to wait for one that is
/// being asked for something else.
ManifestFetcher::Try* ManifestFetcher::next_try(Wanted& wanted) {
    Try* doubtful = nullptr;
    bool better_wait = false;
    for (auto& attempt : wanted.tries) {
        if (attempt.state != Try::State::untried || (attempt.is_long && !room_for_long())) {
            continue;
        }
        auto const& known = known_[attempt.source];
        bool const idle = known.asked.empty();
        if (!known.doubtful && idle) {
            return &attempt;
        }
        better_wait = better_wait || !known.doubtful;
        if (idle && doubtful == nullptr) {
            doubtful = &attempt;
        }
    }
    return better_wait ? nullptr : doubtful;
}

/// False: this question is full, or this content needs one of its own.
bool ManifestFetcher::add_to_question(wire::Time now, Place const& place) {
    auto& [content, wanted, attempt] = place;
    auto const [entry, added] = questions_.try_emplace(
        attempt.source, Ask{.source = attempt.source, .patience = answer_most});
    auto& question = entry->second;
    auto const& first = question.contents.empty() ? content : question.contents.front();
    bool const alone = wanted.alone || attempt.is_long || wanted_.at(first).alone;
    if (!added && (alone || question.contents.size() == contents_per_question)) {
        return false;
    }
    question.contents.push_back(content);
    if (wanted.under_way == 0) {
        wanted.hurry_at = now + hurry;
    }
    attempt.since = now;
    wanted.set(attempt, Try::State::asked);
    return true;
}

void ManifestFetcher::put(Ask question) {
    known_[question.source].asked = question.contents;
    ++questions_open_;
    actions_.asks.push_back(std::move(question));
}

/// Whether another answer can be held.
bool ManifestFetcher::room() const {
    auto const questions = questions_open_ + questions_.size() + 1;
    return held_bytes_ + questions * wire::limits::manifest_reply_bytes <= held_bytes_most;
}

// ---- what they answer ----

void ManifestFetcher::take_part(wire::Time now, Place const& place, wire::ManifestPart&& part) {
    auto& [content, wanted, attempt] = place;
    if (part.total == 0) {
        return fail(place, {Errc::not_found, of_source(attempt.source, "it does not have it")});
    }
    if (auto const problem = problem_of(part, attempt.bytes.size(), attempt.total);
        !problem.empty()) {
        return discredit(place, std::string(problem));
    }
    if (attempt.total == 0 && part.total > manifest_bytes_most(wanted.size_hint)) {
        // This or the tracker's word is wrong: others shall speak, too.
        known_[attempt.source].doubtful = true;
        wanted.widen();
    }
    attempt.total = part.total;
    attempt.file = part.file;
    take_bytes(now, place, std::move(part.bytes));
}

void ManifestFetcher::take_bytes(wire::Time now, Place const& place, std::string&& bytes) {
    auto& [content, wanted, attempt] = place;
    bool const whole = attempt.bytes.size() + bytes.size() == attempt.total;
    if (!whole && !attempt.in_parts) {
        if (!std::exchange(attempt.is_long, true)) {
            make_room(long_bytes_most / 2 - 1, From::lingering);  // no try does so twice
        }
        if (!room_for_long() || !known_[attempt.source].asked.empty()) {
            return put_off(wanted, attempt);
        }
        attempt.in_parts = true;
    }
    (attempt.in_parts ? long_bytes_ : held_bytes_) += bytes.size();
    attempt.bytes += bytes;
    make_room(long_bytes_most, From::all);
    if (!attempt.is_asked()) {
        return;  // it was this one that had to make room
    }
    if (!whole) {
        return ask_rest(now, place);
    }
    wanted.set(attempt, Try::State::checking);
    actions_.checks.push_back({attempt.source, content,
                               std::make_shared<std::string const>(std::move(attempt.bytes)),
                               attempt.in_parts, attempt.file});
    attempt.bytes = {};
    attempt.in_parts = false;
}

/// It begins anew when there is room.
void ManifestFetcher::put_off(Wanted& wanted, Try& attempt) {
    release(attempt);
    attempt.total = 0;
    wanted.set(attempt, Try::State::untried);
}

/// What comes in parts is put off until no more than so much of it is here. The last goes first, so
/// that the first comes to its end.
void ManifestFetcher::make_room(std::size_t bytes, From from) {
    while (long_bytes_ > bytes) {
        std::optional<std::pair<Wanted*, Try*>> last;
        for (auto& [content, wanted] : wanted_) {
            for (auto& attempt : wanted.tries) {
                bool const may = attempt.in_parts &&
                                 (from == From::all ? attempt.is_asked()
                                                    : attempt.state == Try::State::lingering);
                if (may && (!last || attempt.since > last->second->since)) {
                    last = {&wanted, &attempt};
                }
            }
        }
        if (!last) {
            return;  // the rest is being checked, or not to be put off
        }
        put_off(*last->first, *last->second);
    }
}

void ManifestFetcher::ask_rest(wire::Time now, Place const& place) {
    auto& [content, wanted, attempt] = place;
    auto const left = attempt.deadline() - now;
    if (left <= wire::Duration::zero()) {
        auto const sent = std::to_string(attempt.bytes.size());
        return fail_and_widen(
            place, {Errc::timeout, of_source(attempt.source, "it sends its manifest too slowly, " +
                                                                 sent + " bytes so far")});
    }
    put({attempt.source, {content}, attempt.bytes.size(), std::min(left, answer_most)});
}

// ---- those that fail ----

void ManifestFetcher::fail(Place const& place, Error error) {
    release(place.attempt);
    place.attempt.error = std::move(error);
    place.wanted.set(place.attempt, Try::State::failed);
}

void ManifestFetcher::fail_and_widen(Place const& place, Error error) {
    known_[place.attempt.source].doubtful = true;
    place.wanted.widen();
    fail(place, std::move(error));
}

void ManifestFetcher::discredit(Place const& place, std::string const& why) {
    place.attempt.lied = true;
    actions_.discredited.push_back({place.attempt.source, place.content, why});
    fail_and_widen(place, {Errc::integrity, of_source(place.attempt.source, why)});
}

/// What it has sent is dropped. What is being checked is let go of by on_checked.
void ManifestFetcher::release(Try& attempt) {
    (attempt.in_parts ? long_bytes_ : held_bytes_) -= attempt.bytes.size();
    attempt.in_parts = false;
    attempt.bytes = {};
}

void ManifestFetcher::forget(wire::ContentId const& content) {
    auto const found = wanted_.find(content);
    for (auto& attempt : found->second.tries) {
        release(attempt);
    }
    wanted_.erase(found);
}

/// Gives up the contents that nobody is left for.
void ManifestFetcher::settle() {
    for (auto it = wanted_.begin(); it != wanted_.end();) {
        auto const& content = it->first;
        auto& wanted = it->second;
        ++it;
        if (wanted.under_way > 0 || wanted.untried > 0 || wanted.searching) {
            continue;
        }
        if (!wanted.searched && !wanted.tries.empty() && searches_ < searches_most) {
            ++searches_;
            wanted.searched = wanted.searching = true;
            actions_.searches.push_back({content});
            continue;
        }
        actions_.failures.push_back({content, error_of(wanted)});
        forget(wire::ContentId(content));
    }
}

/// What each source said.
Error ManifestFetcher::error_of(Wanted const& wanted) {
    auto const& tries = wanted.tries;
    if (tries.empty()) {
        return {Errc::network, "none of its sources can be reached"};
    }
    auto const all = [&](Errc code) {
        return std::ranges::all_of(tries,
                                   [&](auto const& each) { return each.error->code == code; });
    };
    Error error{Errc::timeout, "no source gives its manifest"};
    if (std::ranges::all_of(tries, &Try::lied)) {
        error = {Errc::integrity,
                 "its sources sent manifests that are not the one of this content"};
    } else if (all(Errc::network) || all(Errc::plugin)) {
        error.code = tries.front().error->code;
    }
    std::vector<std::string> reasons;
    reasons.reserve(tries.size());
    for (auto const& each : tries) {
        reasons.push_back(each.error->message);
    }
    error.message += tail_of_reasons(reasons, reasons_most);
    return error;
}

}  // namespace xfsbus::swarm
