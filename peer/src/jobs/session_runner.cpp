#include "jobs/session_runner.hpp"

#include "telemetry/log_events.hpp"

#include <xfsbus/wire/name.hpp>

#include <chrono>
#include <utility>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto probe_patience = std::chrono::seconds(3);

swarm::SinkSession::Candidate about_of(swarm::SourceId id, Candidate const& candidate) {
    return {.id = id,
            .endpoint = candidate.link->endpoint().to_string(),
            .labels = candidate.labels,
            .latency_ms = candidate.vitals.latency_ms,
            .load = candidate.vitals.load,
            .completeness = candidate.completeness};
}

SourceState state_of(swarm::DownloadSourceReport const& source) {
    using State = swarm::DownloadSource::State;
    switch (source.standing) {
        case State::active:
            return SourceState::active;
        case State::resting:
            return source.is_busy ? SourceState::busy : SourceState::resting;
        case State::lost:
            return SourceState::lost;
        case State::out:
            return SourceState::out;
        default:
            return SourceState::idle;
    }
}

}  // namespace

SessionRunner::SessionRunner(TransferParts const& parts, Subject subject, Owner& owner)
    : parts_(parts),
      name_(std::move(subject.name)),
      chunk_bytes_(subject.content.layout().chunk_bytes),
      owner_(owner),
      session_(subject.content, subject.options, subject.policies, subject.rng,
               swarm::SinkSession::Owner{.throttle = parts.reception.throttle,
                                         .new_transfer = parts.reception.new_transfer,
                                         .on_actions = [this] { pump_soon(); }}),
      alarm_(parts.scheduler, [this] {
          session_.on_tick(parts_.scheduler.now());
          pump();
      }) {}

void SessionRunner::add(Candidate candidate) {
    auto const id = parts_.policies.source_ids.of(candidate.link->endpoint());
    auto const about = about_of(id, candidate);
    links_.try_emplace(id, std::move(candidate.link));
    session_.add_source(parts_.scheduler.now(), about);
}

bool SessionRunner::uses(wire::Endpoint const& endpoint) const {
    return swarm::in_use(session_.download().sources(), parts_.policies.source_ids.of(endpoint));
}

void SessionRunner::add_fellow(std::shared_ptr<net::Link> link) {
    auto const id = parts_.policies.source_ids.of(link->endpoint());
    auto const endpoint = link->endpoint().to_string();
    links_.try_emplace(id, std::move(link));
    swarm::add_fellow(session_, parts_.scheduler.now(), id, endpoint);
    pump();
}

void SessionRunner::on_search_done() {
    session_.on_search_done(parts_.scheduler.now());
    pump();
}

// ---- what the session wants done ----

void SessionRunner::pump() {
    if (over_) {
        return;
    }
    auto const self = shared_from_this();
    auto actions = session_.take_actions();
    carry_out(actions);
    if (auto const fault = owner_.fault()) {
        return owner_.on_failed(*fault);
    }
    if (auto const failure = session_.download().progress(parts_.scheduler.now()).failure) {
        return owner_.on_failed(*failure);
    }
    if (actions.search) {
        owner_.search();
    }
    if (!over_) {
        alarm_.set(session_.next_deadline());
    }
}

void SessionRunner::pump_soon() {
    if (!std::exchange(pump_posted_, true)) {
        parts_.scheduler.post([weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->pump_posted_ = false;
                self->pump();
            }
        });
    }
}

void SessionRunner::end() {
    over_ = true;
    alarm_.set(std::nullopt);
    auto actions = session_.end();
    carry_out(actions);
    links_.clear();
}

void SessionRunner::carry_out(swarm::SinkSession::Actions& actions) {
    for (auto const& lost : actions.lost) {
        parts_.log(telemetry::source_lost(name_, endpoint_of(lost.source), lost.why));
    }
    for (auto& each : actions.sends) {
        send(each);
    }
    for (auto const source : actions.forgotten) {
        let_go(source);
    }
    for (auto const source : actions.probes) {
        probe(source);
    }
    if (actions.announce_ppm) {
        owner_.announce(*actions.announce_ppm);
    }
}

void SessionRunner::send(swarm::SinkSession::Send& send) {
    auto* const link = link_to(send.to);
    if (link == nullptr) {
        return;
    }
    if (auto* const wanted = std::get_if<wire::Want>(&send.what)) {
        want(*link, send.to, *wanted);
    } else if (auto* const have = std::get_if<wire::Have>(&send.what)) {
        link->tell(std::move(*have));
    } else {
        auto const& close = std::get<swarm::SinkSession::Close>(send.what);
        parts_.reception.chunks.remove(close.transfer);
        link->close(close.transfer, close.corrupt, close.tell);
    }
}

void SessionRunner::want(net::Link& link, swarm::SourceId source, wire::Want& want) {
    auto const weak = weak_from_this();
    parts_.reception.chunks.add(want.transfer, chunk_bytes_,
                                [this, source](auto const& header, bus::Payload payload) {
                                    return take(source, header, std::move(payload));
                                });
    link.want(std::move(want), {.on_refused =
                                    [weak, source](auto const& refused) {
                                        if (auto const alive = weak.lock()) {
                                            alive->on_refused(source, refused);
                                        }
                                    },
                                .on_have =
                                    [weak, source](auto const& have) {
                                        if (auto const alive = weak.lock()) {
                                            alive->on_have(source, have);
                                        }
                                    }});
}

void SessionRunner::on_have(swarm::SourceId source, wire::Have const& have) {
    if (!over_) {
        session_.on_word(parts_.scheduler.now(), source, have);
        pump();
    }
}

void SessionRunner::on_refused(swarm::SourceId source, wire::Refused const& refused) {
    wire::Refused const escaped{refused.transfer, refused.code, wire::escape(refused.reason)};
    if (over_ || !session_.on_word(parts_.scheduler.now(), source, escaped)) {
        return;
    }
    if (refused.code == wire::ErrorCode::unreachable) {
        parts_.log(telemetry::unreachable_here(name_, endpoint_of(source), refused.reason));
    }
    pump();
}

void SessionRunner::probe(swarm::SourceId source) {
    auto* const link = link_to(source);
    if (link == nullptr) {
        return;
    }
    link->probe(
        probe_patience, [weak = weak_from_this(), source](Result<net::Link::Vitals> const& vitals) {
            auto const alive = weak.lock();
            // No answer needs no word: the core counts the silence.
            if (alive && !alive->over_ && vitals) {
                alive->session_.on_word(alive->parts_.scheduler.now(), source,
                                        swarm::Download::Vitals{vitals->load, vitals->latency_ms});
            }
        });
}

net::Link* SessionRunner::link_to(swarm::SourceId source) const {
    auto const found = links_.find(source);
    return found == links_.end() ? nullptr : found->second.get();
}

std::string SessionRunner::endpoint_of(swarm::SourceId source) const {
    auto const* const link = link_to(source);
    return link == nullptr ? "a source that is gone" : link->endpoint().to_string();
}

/// Not at once: it may be the link that tells us so.
void SessionRunner::let_go(swarm::SourceId source) {
    if (auto const found = links_.extract(source)) {
        parts_.scheduler.post([link = std::move(found.mapped())] {});
    }
}

// ---- chunks ----

bool SessionRunner::take(swarm::SourceId source, wire::ChunkHeader const& header,
                         bus::Payload payload) {
    auto const verdict =
        session_.on_chunk(parts_.scheduler.now(), source, header, payload.bytes.size());
    parts_.reception.counters[telemetry::Counter::bytes_received] += payload.bytes.size();
    if (verdict != swarm::Download::Verdict::take) {
        using telemetry::Counter;
        bool const lie = verdict == swarm::Download::Verdict::lie;
        ++parts_.reception.counters[lie ? Counter::chunks_rejected : Counter::chunks_unsolicited];
        pump();
        return false;
    }
    owner_.on_chunk(source, header.chunk, std::move(payload));
    return true;
}

void SessionRunner::on_checked(swarm::SourceId source, std::uint32_t chunk,
                               swarm::Download::Check check, std::uint64_t bytes) {
    auto const now = parts_.scheduler.now();
    if (check == swarm::Download::Check::corrupt) {
        ++parts_.reception.counters[telemetry::Counter::chunks_rejected];
        parts_.log(telemetry::source_lied(name_, endpoint_of(source), "it sent corrupt data"));
    } else if (auto const* const link = link_to(source)) {
        parts_.reception.deliveries.add(now, link->endpoint(), bytes);
    }
    session_.on_checked(now, source, chunk, check);
}

// ---- how it stands ----

std::vector<SourceStatus> SessionRunner::source_status() const {
    std::vector<SourceStatus> all;
    for (auto const& [id, known] : session_.download().sources().all()) {
        auto source = swarm::report_of(known, parts_.scheduler.now());
        all.push_back({.endpoint = std::move(source.endpoint),
                       .bytes = source.bytes,
                       .bytes_duplicate = source.bytes_duplicate,
                       .chunks_rejected = source.chunks_rejected,
                       .bytes_per_second = source.bytes_per_second,
                       .credit_bytes = source.window_bytes,
                       .outstanding_bytes = source.outstanding_bytes,
                       .state = state_of(source),
                       .words = std::move(source.state)});
    }
    return all;
}

}  // namespace xfsbus::peer::jobs
