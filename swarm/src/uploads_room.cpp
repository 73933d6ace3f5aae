// For whom Uploads has room, and which sinks are slow.

#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>
#include <set>
#include <string_view>

namespace xfsbus::swarm {
namespace {

/// As long as nothing has left: what takes long at this rate takes long, what takes a second may
/// just be large.
constexpr double first_guess_bytes_per_s = 4.0 * 1024 * 1024;
constexpr double longest_s = 3600;

}  // namespace

/// A piece has been on its way to it for so long that nothing more is begun.
bool Uploads::takes_long(wire::Time now, Sink const& sink) const {
    if (sink.ahead.empty()) {
        return false;
    }
    auto const waited = now - sink.ahead.front().since;
    return waited >= limits_.slow_after && waited >= slow_after(sink);
}

/// What its sink asks for cannot be sent because of the sink: it grants no credit, or does not
/// read. For one that tells what it has got, a moment of that is only a full queue; of others
/// nobody knows whether they take anything, since the system takes some for them.
bool Uploads::blocks(wire::Time now, wire::TransferId const& id) {
    Transfer& transfer = table_.transfers.at(id);
    bool const no_credit = !transfer.queue.empty() && transfer.turn == Transfer::Turn::none;
    if (!no_credit && transfer.to->reachable && !takes_long(now, *transfer.to)) {
        transfer.flowed = now;
        return false;
    }
    return !transfer.tells || now - transfer.flowed >= limits_.blocks_after;
}

/// Several times what such a piece as its oldest usually takes, within bounds. Sinks that are
/// served at once share the link, so each piece takes as many times longer; more sinks than Breadth
/// allows do not count, since they may be such as do not read. A sink that has taken nothing yet
/// may never take anything: that nothing leaves because of it, and others like it, does not make it
/// usual.
wire::Duration Uploads::slow_after(Sink const& sink) const {
    constexpr std::uint32_t usual_most = 1024 * 1024;
    auto const length = sink.ahead.front().length;
    auto const sharing = std::min(moving_.size(), breadth_.sinks());
    auto const usual = time_at(sink.sent == 0 ? long_rate_ : rate_, sharing * length);
    auto const most = limits_.slow_after_most * std::max(1U, length / usual_most);
    return std::clamp(4 * usual, limits_.slow_after, most);
}

/// Whether such a piece takes the sink long, and far longer than its share of what leaves would let
/// it: it is not others that it waits for.
bool Uploads::takes_little(Sink const& sink, std::uint32_t length) const {
    constexpr double far = 4;
    double const rate = sink.rate.bytes_per_second();
    double const slow_after_s = std::chrono::duration<double>(limits_.slow_after).count();
    return length > slow_after_s * rate &&
           far * static_cast<double>(moving_.size()) * rate < rate_.bytes_per_second();
}

/// What so many bytes take at the rate at which pieces leave.
wire::Duration Uploads::time_of(std::uint64_t bytes) const {
    return time_at(rate_, bytes);
}

wire::Duration Uploads::time_at(RateMeter const& meter, std::uint64_t bytes) {
    double const rate = meter.bytes_per_second();
    double const time_s = static_cast<double>(bytes) / (rate > 0 ? rate : first_guess_bytes_per_s);
    return std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(std::min(time_s, longest_s)));
}

bool Uploads::has_room(Sink const& sink, std::uint32_t length) const {
    if (sink.slow) {
        return sink.ahead.empty();
    }
    return sink.ahead.size() < limits_.ahead_chunks_least ||
           (sink.ahead_bytes + length <= limits_.ahead_bytes_per_sink &&
            sink.ahead.size() < limits_.ahead_chunks_per_sink);
}

/// Whether the room that is taken is its host's to take: when only the rest is left, this goes to
/// hosts that have less than an equal part of what all may take. So sinks that do not read can
/// hold back their neighbours, until they are ended, but nobody elsewhere.
bool Uploads::may_take_room(Sink const& sink, std::uint32_t length) const {
    if (ahead_bytes_ < limits_.ahead_bytes_of_any) {
        return true;
    }
    std::set<std::string_view> hosts;
    std::uint64_t of_host = 0;
    for (auto const* const other : moving_) {
        auto const& host = other->key.second.host;
        hosts.insert(host);
        of_host += host == sink.key.second.host ? other->ahead_bytes : 0;
    }
    return of_host == 0 || of_host + length <= limits_.ahead_bytes_of_any / hosts.size();
}

Uploads::Moving Uploads::moving(wire::Time now) const {
    Moving moving;
    for (auto const* const sink : moving_) {
        if (!sink->slow && !takes_long(now, *sink)) {
            moving.bytes += sink->ahead_bytes;
            moving.chunks += sink->ahead.size();
            ++moving.sinks;
        }
    }
    return moving;
}

bool Uploads::someone_idle_waits() const {
    return std::ranges::any_of(
        waiting_, [](Sink const* sink) { return sink->reachable && sink->ahead.empty(); });
}

/// Whether so much more is no more than what leaves in ahead_time, and than may be under way.
bool Uploads::leaves_in_time(Moving const& moving, std::uint32_t length) const {
    double const in_time =
        rate_.bytes_per_second() * std::chrono::duration<double>(limits_.ahead_time).count();
    double const most = std::min(in_time, static_cast<double>(limits_.ahead_bytes_moving));
    return moving.chunks < limits_.ahead_chunks_least ||
           static_cast<double>(moving.bytes + length) <= most;
}

std::optional<wire::Time> Uploads::next_turn(wire::Time now) const {
    std::optional<wire::Time> next;
    auto const consider = [&](wire::Time time) {
        if (time > now) {
            next = next ? std::min(*next, time) : time;
        }
    };
    if (!waiting_.empty()) {
        for (auto const* const sink : moving_) {
            consider(sink->ahead.front().since + slow_after(*sink));
        }
    }
    if (!limited_.empty()) {
        consider(limited_.begin()->first);
    }
    if (!waiting_.empty() || !limited_.empty()) {
        consider(limit_.free_at());
    }
    return next;
}

}  // namespace xfsbus::swarm
