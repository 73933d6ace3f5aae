#include "directory_impl.hpp"

#include <algorithm>
#include <utility>

// How a subscription is served: by one question after the other. A question for a page of the list
// is answered like a find; one for what has changed waits until something has. Nothing else is kept
// of a subscriber, so one that does not read costs no more than its open questions, and one that
// comes late enough gets the whole list again.

namespace xfsbus::tracker {

namespace {

/// What is told of a file takes so much on the wire beside its name.
constexpr std::size_t listed_file_bytes = 96;

/// Into so many parts the work of a turn is divided: one of them is for one question.
constexpr std::size_t looks_of_a_turn = 8;

/// What it takes to look at a question for which nothing has changed.
constexpr std::size_t look_work = 256;

/// What is told of a peer that is gone takes so much on the wire.
constexpr std::size_t gone_peer_bytes = 24;

/// Who is so far behind need not wait for others' changes.
constexpr std::uint64_t eager_backlog = 256;

bool full(wire::Changes const& changes, std::size_t bytes, Directory::Limits const& limits) {
    return changes.files.size() >= limits.changes_files ||
           changes.peers.size() >= limits.peers_page || changes.gone.size() >= limits.peers_page ||
           bytes >= limits.found_bytes;
}

bool tells_nothing(wire::Changes const& changes) {
    return changes.files.empty() && changes.peers.empty() && changes.gone.empty();
}

Subject subject_of(wire::Subscribe const& message) {
    return {message.query.empty() ? std::nullopt : std::optional<wire::Glob>(message.query),
            message.peers};
}

}  // namespace

void Directory::Impl::handle(Caller const& caller, wire::Subscribe const& message) {
    changes.numbers.begin();
    auto after = read_list_cursor(message.after);
    if (!after) {
        fail(caller, wire::ErrorCode::bad_message, "`after` is not a cursor of this tracker");
        return;
    }
    bool const known = message.epoch == options.epoch;
    Listing listing{subject_of(message), {}, changes.numbers.last()};
    if (!message.after.empty() && (known || message.epoch == 0)) {
        listing.after = std::move(*after);
        listing.sequence = known ? message.sequence : listing.sequence;
    } else if (known && changes.reach(listing.subject, message.sequence)) {
        return follow({caller.sender, caller.request, std::move(listing.subject), message.sequence,
                       question_end(caller.now)},
                      caller.now);
    }
    take_up({caller.sender, caller.request, std::move(listing)}, !scans.has(caller.sender.host),
            caller.now);
}

/// At the end of its youth a tracker says so.
wire::Time Directory::Impl::question_end(wire::Time now) const {
    auto const grown_up = options.born + std::min(options.peer_ttl, young_most);
    return young(now) ? std::min(grown_up, now + question_time) : now + question_time;
}

// ---- the list ----

/// A page that is short, because its work is done, is a page as well; so is the last one of peers.
void Directory::Impl::list_page(Scan const& scan, Listing const& listing, std::size_t work,
                                wire::Time now) {
    bool const first = std::holds_alternative<std::monostate>(listing.after);
    wire::Changes page{options.epoch, listing.sequence, {}, {}, first, young(now)};
    if (listing.subject.peers && !std::holds_alternative<Position>(listing.after)) {
        list_peers(listing, work, now, page);
    } else if (listing.subject.files) {
        list_files(listing, work, page);
    }
    reply({scan.sender, scan.request, now}, page);
}

void Directory::Impl::list_peers(Listing const& listing, std::size_t work, wire::Time now,
                                 wire::Changes& page) const {
    auto const* last = std::get_if<wire::PeerId>(&listing.after);
    auto const after = last == nullptr ? std::nullopt : std::optional(*last);
    if (add_peers(after, work / listed_peer_work, now, page.peers)) {
        page.next = list_cursor(page.peers.back().peer);
    } else if (listing.subject.files) {
        page.next = list_cursor(no_file());
    }
}

void Directory::Impl::list_files(Listing const& listing, std::size_t work,
                                 wire::Changes& page) const {
    auto const& glob = *listing.subject.files;
    auto const& versions = catalogue.by_name();
    PositionView const start{glob.prefix(), wire::ContentId{}};
    auto const* after = std::get_if<Position>(&listing.after);
    // A cursor is the caller's word: it may point before the first match.
    bool const resume = after != nullptr && !ByName{}(*after, start);
    auto it = resume ? versions.upper_bound(PositionView(*after)) : versions.lower_bound(start);
    std::size_t bytes = 0;
    std::size_t done = 0;
    Position const* last = nullptr;
    for (; it != versions.end() && it->first.name.starts_with(glob.prefix()); ++it) {
        if (last != nullptr && (done > work || full(page, bytes, options.limits))) {
            page.next = list_cursor(*last);
            break;
        }
        last = &it->first;
        done += version_work;
        if (glob.matches(it->first.name, done)) {
            auto file = listed(*it, done);
            if (file.complete + file.partial > 0) {
                bytes += listed_file_bytes + file.name.size();
                page.files.push_back(std::move(file));
            }
        }
    }
}

/// As it is told; it may be nobody's. Peers that were dropped do not count, though not all that
/// they had may be cleared away.
wire::ListedFile Directory::Impl::listed(Versions::value_type const& version,
                                         std::size_t& work) const {
    auto const& [file, state] = version;
    wire::ListedFile told{file.name, file.content, 0, 0, 0};
    for (Source const& source : state.sources) {
        bool const counts = source.have_ppm > 0 && roster.at(source.peer) != nullptr;
        bool const complete = source.have_ppm == wire::complete_ppm;
        told.complete += counts && complete ? 1 : 0;
        told.partial += counts && !complete ? 1 : 0;
    }
    work += source_work * state.sources.size();
    told.size = told.complete + told.partial > 0 ? state.size : 0;
    return told;
}

// ---- what has changed ----

void Directory::Impl::follow(Question question, wire::Time now) {
    std::size_t work = options.limits.quick_work;
    bool const late = changes.numbers.last() - question.sequence >= eager_backlog;
    if (late && tell_changes(question, work, now)) {
        return;
    }
    Caller const caller{question.sender, question.request, now};
    if (!subscriptions.add(Question(question))) {
        fail(caller, wire::ErrorCode::busy, "too many subscriptions wait for a change; try again");
    }
}

/// Looks for so much, which is counted down, at what has changed for it. True: it is answered.
bool Directory::Impl::tell_changes(Question& question, std::size_t& work, wire::Time now) {
    Caller const caller{question.sender, question.request, now};
    if (!changes.reach(question.subject, question.sequence)) {
        Listing listing{question.subject, {}, changes.numbers.last()};
        take_up({question.sender, question.request, std::move(listing)}, false, now);
        return true;
    }
    wire::Changes answer{options.epoch, 0, {}, {}, false, young(now)};
    std::size_t bytes = 0;
    std::size_t done = 0;
    while (done <= work && !full(answer, bytes, options.limits)) {
        auto const [file, peer] = changes.next(question.subject, question.sequence);
        if (file == nullptr && peer == nullptr) {
            break;
        }
        done += version_work;
        bytes += file != nullptr ? tell(*file, question.subject, answer, done)
                                 : tell(*peer, now, answer);
    }
    work -= std::min(work, done);
    answer.sequence = question.sequence;
    if (tells_nothing(answer)) {
        return false;
    }
    reply(caller, answer);
    return true;
}

std::size_t Directory::Impl::tell(Position const& file, Subject const& subject,
                                  wire::Changes& answer, std::size_t& work) const {
    if (!subject.files->matches(file.name, work)) {
        return 0;
    }
    answer.files.push_back(state_of(file, work));
    return listed_file_bytes + file.name.size();
}

std::size_t Directory::Impl::tell(wire::PeerId const& id, wire::Time now,
                                  wire::Changes& answer) const {
    Peer const* const peer = roster.by_id(id);
    if (peer == nullptr) {
        answer.gone.push_back(id);
        return gone_peer_bytes;
    }
    answer.peers.push_back(entry_of(*peer, now));
    return listed_bytes(*peer);
}

wire::ListedFile Directory::Impl::state_of(Position const& file, std::size_t& work) const {
    auto const version = catalogue.by_name().find(PositionView(file));
    return version == catalogue.by_name().end() ? wire::ListedFile{file.name, file.content, 0, 0, 0}
                                                : listed(*version, work);
}

void Directory::Impl::end_questions(wire::Time now) {
    while (auto const* ended = subscriptions.ended(now)) {
        auto const& [id, question] = *ended;
        reply({question.sender, question.request, now},
              wire::Changes{options.epoch, question.sequence, {}, {}, false, young(now)});
        subscriptions.remove(id);
    }
}

/// All questions are looked at in turn, until it is time to take other messages in.
void Directory::Impl::look_for_changes(wire::Time now) {
    if (!subscriptions.round() || *subscriptions.round() > now) {
        return;
    }
    std::size_t const most = options.limits.turn_work / looks_of_a_turn;
    for (std::size_t used = 0; used < options.limits.turn_work;) {
        auto* const next = subscriptions.next_in_round(changes.numbers.last());
        if (next == nullptr) {
            return;
        }
        std::size_t work = most;
        if (tell_changes(next->second, work, now)) {
            subscriptions.remove(next->first);
        }
        used += look_work + most - work;
    }
}

void Directory::Impl::plan_looks(wire::Time now) {
    subscriptions.plan_round(changes.numbers.last(), now + gathering_time);
}

}  // namespace xfsbus::tracker
