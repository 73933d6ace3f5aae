#include "net/control_link.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::net {
namespace {

/// So much of a longer round trip is taken over: what the shortest took of late is the network, the
/// rest is waiting.
constexpr double rise = 0.1;

double to_ms(wire::Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

ControlLink::ControlLink(bus::Reactor& reactor, wire::Endpoint to,
                         std::optional<double> fixed_latency_ms, OwnVitals own_vitals)
    : reactor_(reactor),
      to_(std::move(to)),
      fixed_latency_ms_(fixed_latency_ms),
      own_vitals_(std::move(own_vitals)) {}

ControlLink::~ControlLink() = default;

Result<std::shared_ptr<ControlLink>> ControlLink::open(
    bus::Reactor& reactor, wire::Endpoint const& to, bus::Security const& security,
    std::string const& from, std::optional<double> fixed_latency_ms, OwnVitals own_vitals) {
    auto link = std::make_shared<ControlLink>(reactor, to, fixed_latency_ms, std::move(own_vitals));
    auto const whom = "peer " + wire::escape(to.to_string());
    // The client belongs to the link: its callbacks cannot outlive it.
    auto* const raw = link.get();
    link->asker_ = std::make_unique<Asker>(
        reactor, [raw](auto const& message, auto request) { return raw->send(message, request); },
        whom, Errc::timeout);
    auto client = bus::ControlClient::connect(
        reactor, to, security,
        {.on_message = [raw](wire::Envelope&& envelope) { raw->on_message(std::move(envelope)); },
         .on_garbage = [raw](std::string const& what) { raw->asker_->set_trouble(what); },
         .on_connection = [raw](auto state, auto const& why) { raw->on_connection(state, why); }},
        from);
    if (!client) {
        return client.error();
    }
    link->client_ = std::move(*client);
    link->asker_->set_trouble(bus::nothing_answers);
    return link;
}

/// Who closes a connection may have no room for it just now, and is asked again when it takes the
/// next; where nobody listens, nobody will answer.
void ControlLink::on_connection(bus::ControlClient::Connection state, std::string const& why) {
    using State = bus::ControlClient::Connection;
    auto const alive = shared_from_this();
    if (state == State::up) {
        asker_->set_trouble("");
        return std::exchange(was_lost_, false) ? asker_->ask_all_again() : void();
    }
    was_lost_ = true;
    asker_->set_trouble(why);
    if (state == State::refused) {
        asker_->fail_all({Errc::network, "no connection to " + asker_->whom() + ": " + why});
    }
    lose_transfers();
}

void ControlLink::probe(wire::Duration patience, OnVitals on_vitals) {
    auto const asked = std::chrono::steady_clock::now();
    bool const warm = answered_before_;
    ask(wire::Ping{}, patience,
        [this, asked, warm, patience, on_vitals = std::move(on_vitals)](auto answer) mutable {
            if (!answer) {
                return on_vitals(answer.error());
            }
            auto const* pong = std::get_if<wire::Pong>(&*answer);
            if (pong == nullptr) {
                return on_vitals(Error{Errc::network, "an answer of the wrong kind"});
            }
            if (is_another(pong->peer)) {
                lose_transfers();
            }
            if (!std::exchange(answered_before_, true) && !warm && !fixed_latency_ms_) {
                return probe(patience, std::move(on_vitals));
            }
            double const ms = to_ms(std::chrono::steady_clock::now() - asked);
            double const before = round_trip_ms_.value_or(ms);
            round_trip_ms_ = ms < before ? ms : before + rise * (ms - before);
            on_vitals(Vitals{pong->load, fixed_latency_ms_.value_or(*round_trip_ms_)});
        });
}

void ControlLink::ask(wire::Message const& question, wire::Duration patience, OnAnswer on_answer) {
    auto const delay = std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double, std::milli>(fixed_latency_ms_.value_or(0)));
    asker_->ask(question, patience + delay, std::move(on_answer));
}

/// Another peer answers at this address than did before.
bool ControlLink::is_another(wire::PeerId const& who) {
    auto const before = std::exchange(who_, who);
    return before != wire::PeerId{} && before != who;
}

void ControlLink::want(wire::Want want, Heard const& heard) {
    transfers_.try_emplace(want.transfer, heard);
    wants_.push_back(std::move(want));
    flush_soon();
}

void ControlLink::tell(wire::Have have) {
    if (transfers_.contains(have.transfer)) {
        haves_.push_back(std::move(have));
        flush_soon();
    }
}

void ControlLink::close(wire::TransferId const& transfer, bool corrupt, bool tell) {
    transfers_.erase(transfer);
    if (!tell) {
        return;
    }
    if (corrupt) {
        std::erase_if(wants_, [&](auto const& want) { return want.transfer == transfer; });
        send(wire::Close{{transfer}, true}, 0);
        return;
    }
    closes_.push_back(transfer);
    flush_soon();
}

void ControlLink::flush_soon() {
    if (!std::exchange(flush_posted_, true)) {
        reactor_.post([self = shared_from_this()] { self->flush(); });
    }
}

void ControlLink::flush() {
    flush_posted_ = false;
    for (std::size_t i = 0; i < wants_.size(); i += wire::limits::wants_per_request) {
        auto const end = std::min(i + wire::limits::wants_per_request, wants_.size());
        wire::Request request;
        std::move(wants_.begin() + static_cast<std::ptrdiff_t>(i),
                  wants_.begin() + static_cast<std::ptrdiff_t>(end),
                  std::back_inserter(request.wants));
        send(std::move(request), 0);
    }
    wants_.clear();
    for (auto const& have : std::exchange(haves_, {})) {
        send(have, 0);
    }
    for (std::size_t i = 0; i < closes_.size(); i += wire::limits::transfers_per_close) {
        auto const end = std::min(i + wire::limits::transfers_per_close, closes_.size());
        send(wire::Close{{closes_.begin() + static_cast<std::ptrdiff_t>(i),
                          closes_.begin() + static_cast<std::ptrdiff_t>(end)}},
             0);
    }
    closes_.clear();
}

bool ControlLink::send(wire::Message const& message, std::uint64_t request) {
    if (!client_) {
        return false;
    }
    if (fixed_latency_ms_.value_or(0) <= 0) {
        return client_->send(message, request);
    }
    auto const delay = std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double, std::milli>(*fixed_latency_ms_));
    reactor_.at(reactor_.now() + delay, [self = shared_from_this(), message, request] {
        self->client_->send(message, request);
    });
    return true;
}

/// A transfer belongs to its connection. Who answers at this address from now on may be another
/// peer, whose Pongs must not be taken for signs of life of the one that was asked.
void ControlLink::lose_transfers() {
    auto const lost = std::exchange(transfers_, {});
    std::erase_if(wants_, [&](auto const& want) { return lost.contains(want.transfer); });
    std::erase_if(haves_, [&](auto const& have) { return lost.contains(have.transfer); });
    for (auto const& [id, heard] : lost) {
        heard.on_refused({id, wire::ErrorCode::closed, "the connection was lost"});
    }
}

void ControlLink::on_refused(wire::Refused const& refused) {
    if (auto const node = transfers_.extract(refused.transfer)) {
        node.mapped().on_refused(refused);
    }
}

void ControlLink::on_message(wire::Envelope&& envelope) {
    auto const alive = shared_from_this();
    if (auto const* refused = std::get_if<wire::Refused>(&envelope.message)) {
        return on_refused(*refused);
    }
    if (auto const* have = std::get_if<wire::Have>(&envelope.message)) {
        auto const found = transfers_.find(have->transfer);
        if (found != transfers_.end()) {
            auto const heard = found->second;  // what it does may close the transfer
            heard.on_have(*have);
        }
        return;
    }
    if (std::holds_alternative<wire::Ping>(envelope.message)) {
        send(own_vitals_(), envelope.request);
        return;
    }
    asker_->on_answer(envelope.request, std::move(envelope.message));
}

Result<std::shared_ptr<Link>> ControlLinks::to(wire::Endpoint const& endpoint) {
    if (abandoned_) {
        return Error{Errc::interrupted, "the peer is leaving"};
    }
    if (auto const found = links_.find(endpoint); found != links_.end()) {
        if (auto link = found->second.lock()) {
            return std::shared_ptr<Link>(std::move(link));
        }
    }
    if (!room_for(endpoint)) {
        return Error{Errc::network, "no connection to " + wire::escape(endpoint.to_string()) +
                                        ": this peer may have " + std::to_string(most_) +
                                        " to other peers at once (see `ulimit -n`)"};
    }
    std::optional<double> const fixed =
        latencies_ ? std::optional(latencies_->between(self_, endpoint)) : std::nullopt;
    auto link =
        ControlLink::open(reactor_, endpoint, security_, source_for(endpoint), fixed, own_vitals_);
    if (!link) {
        return link.error();
    }
    links_[endpoint] = *link;
    return std::shared_ptr<Link>(std::move(*link));
}

bool ControlLinks::room_for(wire::Endpoint const& endpoint) {
    std::erase_if(links_, [](auto const& entry) { return entry.second.expired(); });
    return links_.size() < most_ || links_.contains(endpoint);
}

/// A source sends its chunks to where our connection comes from, so that has to be where we listen.
std::string ControlLinks::source_for(wire::Endpoint const& endpoint) const {
    if (listens_.empty() || wire::same_host(bus::address_towards(endpoint.host), listens_)) {
        return {};
    }
    return listens_;
}

void ControlLinks::abandon() {
    abandoned_ = true;
    auto const links = std::exchange(links_, {});
    for (auto const& [endpoint, weak] : links) {
        if (auto const link = weak.lock()) {
            link->abandon();
        }
    }
}

}  // namespace xfsbus::peer::net
