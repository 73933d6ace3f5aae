#include <xfsbus/swarm/swarm_offers.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// While narrow, what is offered and has not left is as much as leaves within so much time, which
/// is enough for an offer and its answer to travel. Whoever asks here does not ask others: so more
/// would make the sinks wait for this peer although they could have it from each other.
constexpr auto open_time = std::chrono::milliseconds(500);
constexpr std::size_t open_least = 4;
constexpr std::size_t open_first = 16;  ///< as long as nothing is known of the rate
/// What a sink may choose from: more each time, as long as it asks for all of it.
constexpr std::size_t choice_least = 2;
constexpr std::size_t choice_most = 4096;
/// What its sink has not asked for after so long is offered to another instead. What it has asked
/// for and not got in several times what the queue takes, because it does not read, to another,
/// too.
constexpr auto offer_lasts = std::chrono::seconds(1);
constexpr auto ask_lasts = std::chrono::seconds(3);
constexpr int queues_most = 4;
/// A sink that waits for nothing and has not asked for what is offered to it after so long, or
/// twice the usual while from chunk to chunk, stands.
constexpr auto stands_after = std::chrono::milliseconds(400);
/// Chunks that a sink asks for although they were not offered to it are kept for it only as long as
/// no more than so many are: else who asks for all would keep all.
constexpr std::size_t unoffered_most = 4;
/// A sink that waits for something is told of what is gained no sooner than so long after the last.
constexpr auto calm = std::chrono::milliseconds(200);
/// So many chunks are compared when the rarest is looked for.
constexpr std::uint32_t looked_at_most = 4096;
/// All together when chunks are dealt out: the rest of the sinks have their turn the next time.
constexpr std::uint32_t looks_most = 64 * looked_at_most;
/// A content of more chunks than this is told of no more often than once in so long for each
/// chunk, since some of what is done then is done for each.
constexpr std::uint32_t many_chunks = 65'536;
constexpr auto rest_per_chunk = std::chrono::nanoseconds(500);
/// The share of the latest in the usual interval from chunk to chunk.
constexpr int interval_share = 8;
/// If nothing has left for so many times the usual while, the sinks that wait for what has never
/// left do not read: what is here is offered to all.
constexpr int stalled_factor = 4;
constexpr auto stalled_least = std::chrono::seconds(1);

}  // namespace

SwarmOffers::View SwarmOffers::open(wire::Time now, wire::TransferId const& transfer,
                                    Content const& content, bool swarm) {
    auto const [entry, first] = served_.try_emplace(content->id());
    Served& served = entry->second;
    auto const chunks = content->layout().chunks;
    if (first) {
        served.content = content;
        served.seed = content->complete();
        served.never_left = content->has().count();
        served.in_open = ChunkSet(chunks);
        served.last_sent = now;
    }
    Sink& sink = sinks_[transfer];
    sink.transfer = transfer;
    sink.served = &served;
    sink.swarm = swarm;
    sink.has = ChunkSet(chunks);
    sink.asked = ChunkSet(chunks);
    served.sinks.push_back(&sink);
    served.swarm_sinks += swarm ? 1 : 0;
    note_change(served);
    return {served.content.get(), &sink.asked, &served.copies};
}

void SwarmOffers::close(wire::TransferId const& transfer) {
    auto const found = sinks_.find(transfer);
    if (found == sinks_.end()) {
        return;
    }
    Sink& sink = found->second;
    Served& served = *sink.served;
    std::erase_if(served.open, [&](Open const& open) {
        if (open.sink == &sink) {
            served.in_open.erase(open.chunk);
            served.fresh.push_back(open.chunk);
        }
        return open.sink == &sink;
    });
    std::erase(served.sinks, &sink);
    served.swarm_sinks -= sink.swarm ? 1 : 0;
    note_change(served);
    sinks_.erase(found);
    if (served.sinks.empty()) {
        std::erase(changed_, &served);
        served_.erase(wire::ContentId(served.content->id()));
    }
}

void SwarmOffers::gained(wire::ContentId const& content, std::uint32_t chunk) {
    auto const found = served_.find(content);
    if (found == served_.end()) {
        return;
    }
    Served& served = found->second;
    served.never_left += served.copies[chunk] == 0 ? 1 : 0;
    for (auto* const sink : served.sinks) {
        if (sink->swarm && sink->told) {
            sink->gained.push_back(chunk);
        }
    }
    note_change(served);
}

void SwarmOffers::sink_has(wire::TransferId const& transfer,
                           std::vector<std::uint32_t> const& chunks) {
    auto const found = sinks_.find(transfer);
    if (found == sinks_.end()) {
        return;
    }
    bool is_new = false;
    for (auto const chunk : chunks) {
        is_new = note_has(found->second, chunk) || is_new;
    }
    if (is_new) {
        note_use(*found->second.served);
    }
}

void SwarmOffers::sink_has(wire::TransferId const& transfer, ChunkSet const& chunks) {
    auto const found = sinks_.find(transfer);
    if (found == sinks_.end() || chunks.chunks() != found->second.has.chunks()) {
        return;
    }
    Sink& sink = found->second;
    Served& served = *sink.served;
    if (chunks.complete() && sink.has.empty()) {
        sink.has = chunks;
        sink.stirs = true;
        sink.asked = ChunkSet(chunks.chunks());
        served.copies.add_all();
        served.never_left = 0;
        return note_use(served);
    }
    bool is_new = false;
    auto const note = [&](std::uint32_t chunk) { is_new = note_has(sink, chunk) || is_new; };
    for_each_common(chunks, sink.asked, note);
    for_each_not_in(sink.has, chunks, note);
    if (is_new) {
        note_use(served);
    }
}

/// False if that is no news.
bool SwarmOffers::note_has(Sink& sink, std::uint32_t chunk) {
    if (chunk >= sink.has.chunks()) {
        return false;
    }
    bool const was_asked = sink.asked.erase(chunk);
    bool const is_new = sink.has.insert(chunk);
    sink.stirs = sink.stirs || is_new;
    if (is_new) {
        note_copy(*sink.served, chunk);
    }
    return is_new || was_asked;
}

bool SwarmOffers::asked(wire::TransferId const& transfer, std::uint32_t chunk) {
    Sink& sink = sinks_.at(transfer);
    Served& served = *sink.served;
    if (!sink.asked.insert(chunk)) {
        return false;
    }
    sink.stirs = true;
    if (served.narrow && sink.open < unoffered_most && served.copies[chunk] == 0 &&
        !served.in_open.contains(chunk)) {
        hold_open(served, {&sink, chunk, served.told});
    }
    note_use(served);
    return true;
}

void SwarmOffers::sent(wire::Time now, wire::TransferId const& transfer, std::uint32_t chunk) {
    Sink& sink = sinks_.at(transfer);
    Served& served = *sink.served;
    note_interval(served, now);
    served.last_sent = now;
    sink.stirs = true;
    sink.asked.erase(chunk);
    sink.has.insert(chunk);
    note_copy(served, chunk);
    note_use(served);
}

/// A mean over the first few, which may leave in a burst; later ones count for less and less.
void SwarmOffers::note_interval(Served& served, wire::Time now) {
    if (++served.sent == 1) {
        served.first_sent = now;
    } else if (served.sent <= interval_share) {
        served.interval = (now - served.first_sent) / (served.sent - 1);
    } else {
        served.interval += (now - served.last_sent - served.interval) / interval_share;
    }
}

void SwarmOffers::note_copy(Served& served, std::uint32_t chunk) {
    bool const first = served.copies[chunk] == 0;
    served.copies.add(chunk, served.content->layout().chunks);
    served.never_left -= first && served.content->has().contains(chunk) ? 1 : 0;
}

void SwarmOffers::note_change(Served& served) {
    if (!std::exchange(served.changed, true)) {
        changed_.push_back(&served);
    }
}

/// Only where sinks are told of less than what is here, or may be, does it matter what they ask for
/// and get.
void SwarmOffers::note_use(Served& served) {
    if (served.narrow || (served.seed && served.never_left > 0)) {
        note_change(served);
    }
}

std::vector<wire::TransferId> SwarmOffers::transfers_of(wire::ContentId const& content) const {
    std::vector<wire::TransferId> all;
    if (auto const found = served_.find(content); found != served_.end()) {
        for (auto const* const sink : found->second.sinks) {
            all.push_back(sink->transfer);
        }
    }
    return all;
}

// ---- what is told ----

std::vector<SwarmOffers::Told> SwarmOffers::take(wire::Time now, Blocks const& blocks) {
    std::vector<Told> all;
    for (auto* const changed : std::exchange(changed_, {})) {
        Served& served = *changed;
        served.changed = false;
        if (is_told_enough(served, now)) {
            note_change(served);
            continue;
        }
        bool const narrow = narrows(served, now);
        served.told = now;
        set_narrow(served, narrow);
        if (served.narrow) {
            see_moves(now, served, blocks);
            settle_open(now, served);
            deal(now, served);
            note_change(served);  // it may turn out to be stalled
        }
        for (auto* const sink : served.sinks) {
            if (auto told = news_of(now, *sink)) {
                all.push_back(std::move(*told));
            }
        }
    }
    return all;
}

bool SwarmOffers::is_told_enough(Served const& served, wire::Time now) {
    auto const chunks = served.content->layout().chunks;
    return chunks > many_chunks && now - served.told < chunks * rest_per_chunk;
}

bool SwarmOffers::narrows(Served const& served, wire::Time now) {
    if (!served.seed || served.swarm_sinks < 2 || (served.never_left == 0 && !served.narrow)) {
        return false;
    }
    return now - served.last_sent <
           std::max<wire::Duration>(stalled_least, stalled_factor * served.interval);
}

void SwarmOffers::set_narrow(Served& served, bool narrow) {
    if (std::exchange(served.narrow, narrow) == narrow || !narrow) {
        return;
    }
    served.fresh.clear();
    served.open.clear();
    served.in_open = ChunkSet(served.content->layout().chunks);
    for (auto* const sink : served.sinks) {
        sink->chose = false;
        sink->stands = false;
        sink->open = 0;
        sink->unasked = 0;
        sink->asked.for_each([&](std::uint32_t chunk) {
            bool const few = sink->open < open_first;
            if (few && served.copies[chunk] == 0 && !served.in_open.contains(chunk)) {
                hold_open(served, {sink, chunk, served.told});
            }
        });
    }
    served.content->has().for_each([&](std::uint32_t chunk) {
        if (served.copies[chunk] == 0 && !served.in_open.contains(chunk)) {
            served.fresh.push_back(chunk);
        }
    });
    std::shuffle(served.fresh.begin(), served.fresh.end(), random_);
}

void SwarmOffers::hold_open(Served& served, Open open) {
    served.in_open.insert(open.chunk);
    served.open.push_back(open);
    ++open.sink->open;
}

/// Who does not take what it asks for stands, and who does not ask for what is offered to it. Who
/// waits for its turn here does not.
void SwarmOffers::see_moves(wire::Time now, Served& served, Blocks const& blocks) {
    auto const patience = std::max<wire::Duration>(stands_after, 2 * served.interval);
    for (auto* const sink : served.sinks) {
        bool const stirs = std::exchange(sink->stirs, false);
        sink->moved = stirs ? now : sink->moved;
        bool const passes =
            sink->unasked > 0 && sink->asked.empty() && now - sink->moved >= patience;
        sink->stands = (sink->stands && !stirs) || passes || blocks(sink->transfer);
        if (sink->stands) {
            sink->choice = choice_least;
            sink->chose = false;
        }
    }
}

/// Forgets what has left, and takes back what has waited for too long.
void SwarmOffers::settle_open(wire::Time now, Served& served) {
    auto const queue = static_cast<int>(served.open.size()) * served.interval;
    for (auto* const sink : served.sinks) {
        sink->open = 0;
        sink->unasked = 0;
    }
    std::erase_if(served.open, [&](Open const& open) {
        Sink& sink = *open.sink;
        bool const left = sink.has.contains(open.chunk);
        bool const asked = sink.asked.contains(open.chunk);
        auto const lasts = asked ? std::max<wire::Duration>(ask_lasts, queues_most * queue)
                                 : std::max<wire::Duration>(offer_lasts, queue);
        bool const late = now - open.since >= lasts;
        if (left || late || sink.stands) {
            served.in_open.erase(open.chunk);
        } else {
            ++sink.open;
            sink.unasked += asked ? 0 : 1;
            return false;
        }
        if (!left) {
            take_back(open);
        }
        return true;
    });
    for (auto* const sink : served.sinks) {
        if (sink->unasked == 0 && std::exchange(sink->chose, false)) {
            sink->choice = std::min(2 * sink->choice, choice_most);
        }
    }
}

/// It is to be offered to another. One that stands may still ask for it, so that it can show that
/// it moves.
void SwarmOffers::take_back(Open const& open) {
    Sink& sink = *open.sink;
    Served& served = *sink.served;
    served.fresh.push_back(open.chunk);
    if (!sink.stands && !sink.asked.contains(open.chunk)) {
        sink.told = false;  // not what stands now
        sink.choice = choice_least;
        sink.chose = false;
        sink.chooses = served.never_left == 0;
    }
}

/// Offers chunks, to those first that have the fewest to ask for. Who has less than an equal share
/// of what may be offered is not kept waiting by those that have more.
void SwarmOffers::deal(wire::Time now, Served& served) {
    bool const known = served.sent >= interval_share && served.interval > wire::Duration();
    auto const most =
        known ? std::max(open_least, static_cast<std::size_t>(open_time / served.interval))
              : open_first;
    auto const sinks = served.sinks.size();
    std::size_t moving = 0;
    std::vector<Sink*> takers;
    for (std::size_t i = 0; i < sinks; ++i) {
        auto* const sink = served.sinks[(served.next_sink + i) % sinks];
        bool const moves = sink->swarm && !sink->stands && !sink->has.complete();
        moving += moves ? 1 : 0;
        if (moves && !sink->chooses && sink->unasked < sink->choice) {
            takers.push_back(sink);
        }
    }
    auto const share = most / std::max<std::size_t>(moving, 1);
    auto const may_have = [&](Sink const* sink) {
        return served.open.size() < most || sink->open < share;
    };
    std::uint32_t looks = looks_most;
    while (!takers.empty() && looks > 0) {
        auto const* const poorest = *std::ranges::min_element(takers, {}, &Sink::open);
        if (!may_have(poorest)) {
            break;
        }
        std::erase_if(takers, [&, fewest = poorest->open](Sink* sink) {
            if (sink->open > fewest || !may_have(sink) || looks == 0) {
                return false;
            }
            auto const chunk = next_for(*sink, looks);
            if (chunk) {
                offer(now, *sink, *chunk);
            }
            return !chunk || sink->unasked >= sink->choice;
        });
    }
    if (looks == 0) {
        auto const next = std::ranges::find(served.sinks, takers.empty() ? nullptr : takers[0]);
        served.next_sink = static_cast<std::size_t>(next - served.sinks.begin()) % sinks;
    }
}

void SwarmOffers::offer(wire::Time now, Sink& sink, std::uint32_t chunk) {
    Served& served = *sink.served;
    hold_open(served, {&sink, chunk, now});
    sink.moved = sink.unasked++ == 0 ? now : sink.moved;
    sink.chose = true;
    sink.gained.push_back(chunk);
    served.next_sink = (served.next_sink + 1) % served.sinks.size();
}

/// What to offer to it: something that has never left; after that, what the fewest others have.
std::optional<std::uint32_t> SwarmOffers::next_for(Sink& sink, std::uint32_t& looks) {
    Served& served = *sink.served;
    while (!served.fresh.empty()) {
        auto const chunk = served.fresh.back();
        served.fresh.pop_back();
        if (served.copies[chunk] == 0 && !served.in_open.contains(chunk)) {
            return chunk;
        }
    }
    auto const chunks = served.content->layout().chunks;
    auto const first = static_cast<std::uint32_t>(random_() % chunks);
    std::optional<std::uint32_t> rarest;
    auto const looked_at = std::min(chunks, looked_at_most);
    looks -= std::min(looks, looked_at);
    for (std::uint32_t i = 0; i < looked_at; ++i) {
        auto const chunk = (first + i) % chunks;
        bool const wanted = !sink.has.contains(chunk) && !sink.asked.contains(chunk) &&
                            !served.in_open.contains(chunk);
        if (wanted && (!rarest || served.copies[chunk] < served.copies[*rarest])) {
            rarest = chunk;
        }
    }
    bool const overlooked = !rarest && chunks > looked_at_most && !sink.has.complete();
    sink.chooses = sink.chooses || overlooked;
    return rarest;
}

std::optional<SwarmOffers::Told> SwarmOffers::news_of(wire::Time now, Sink& sink) {
    Served& served = *sink.served;
    if (!sink.swarm) {
        return std::nullopt;
    }
    Told told;
    told.transfer = sink.transfer;
    bool const narrow = served.narrow && !sink.chooses;
    bool const was_narrowed = std::exchange(sink.narrowed, narrow);
    told.replaces = !std::exchange(sink.told, true) || was_narrowed != narrow;
    bool const waits = !narrow && !sink.asked.empty() && now - sink.told_at < calm;
    if (waits && !told.replaces && !sink.gained.empty()) {
        note_change(served);
        return std::nullopt;
    }
    told.gained = std::exchange(sink.gained, {});
    if (told.replaces && narrow) {
        told.has = sink.asked;
        for (auto const& open : served.open) {
            if (open.sink == &sink) {
                told.has.insert(open.chunk);
            }
        }
    } else if (told.replaces) {
        told.has = served.content->has();
    }
    if (told.replaces) {
        told.gained.clear();
    }
    if (!told.replaces && told.gained.empty()) {
        return std::nullopt;
    }
    sink.told_at = now;
    return told;
}

}  // namespace xfsbus::swarm
