#pragma once

#include "net/asker.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/swarm/latency_table.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer::net {

/// The control connection to another peer, as its sink. What is wanted, told and closed in one
/// turn of the reactor travels together. With a latency table, what is sent waits as long as the
/// table says. Reactor thread.
class Link : public std::enable_shared_from_this<Link> {
  public:
    struct Vitals {
        std::uint32_t load = 0;
        double latency_ms = 0;  ///< the table's figure, or the shortest round trip of late
    };

    /// What the source says of a transfer.
    struct Heard {
        std::function<void(wire::Refused const&)> on_refused;
        std::function<void(wire::Have const&)> on_have;
    };

    using OnVitals = std::function<void(Result<Vitals>)>;

    /// Who this peer is and how busy, for those that ask.
    using OwnVitals = std::function<wire::Pong()>;

    /// `from`: the address to come from; empty: any. `fixed_latency_ms`: what the latency table
    /// says, if there is one.
    static Result<std::shared_ptr<Link>> open(bus::Reactor& reactor, wire::Endpoint const& to,
                                              bus::Security const& security,
                                              std::string const& from,
                                              std::optional<double> fixed_latency_ms,
                                              OwnVitals own_vitals);
    ~Link();

    [[nodiscard]] wire::Endpoint const& endpoint() const { return to_; }

    /// How it is. The first time two questions are asked, since the first includes connecting.
    void probe(wire::Duration patience, OnVitals on_vitals);

    void ask(wire::Message const& question, wire::Duration patience, Asker::OnAnswer on_answer);

    /// Adds to what is sent at the end of this turn. Of each transfer that was wanted `heard` is
    /// told until it is refused, which happens at most once, or closed.
    void want(wire::Want want, Heard const& heard);
    /// Tells the source of an open transfer what is here.
    void tell(wire::Have have);
    /// Nothing more is heard of it. `corrupt`: since bytes came that are not those of the content;
    /// `tell`: the source does not know yet.
    void close(wire::TransferId const& transfer, bool corrupt = false, bool tell = true);

    /// Ends all questions: whoever waits for an answer keeps the link alive.
    void abandon() { asker_->abandon(); }

    Link(bus::Reactor& reactor, wire::Endpoint to, std::optional<double> fixed_latency_ms,
         OwnVitals own_vitals);

  private:
    void on_refused(wire::Refused const& refused);
    [[nodiscard]] bool is_another(wire::PeerId const& who);
    void on_connection(bus::ControlClient::Connection state, std::string const& why);
    void lose_transfers();
    void on_message(wire::Envelope&& envelope);
    bool send(wire::Message const& message, std::uint64_t request);
    void flush_soon();
    void flush();

    bus::Reactor& reactor_;
    wire::Endpoint to_;
    std::optional<double> fixed_latency_ms_;
    OwnVitals own_vitals_;
    std::unique_ptr<bus::ControlClient> client_;
    std::unique_ptr<Asker> asker_;
    std::optional<double> round_trip_ms_;  ///< smoothed downwards at once, upwards slowly
    bool answered_before_ = false;
    bool was_lost_ = false;  ///< and what was sent may be lost, too
    wire::PeerId who_{};     ///< all zero: it has not said

    std::unordered_map<wire::TransferId, Heard> transfers_;
    std::vector<wire::Want> wants_;
    std::vector<wire::Have> haves_;
    std::vector<wire::TransferId> closes_;
    bool flush_posted_ = false;
};

/// The links of a peer: one to each other peer, as long as somebody uses it.
class Links {
  public:
    /// `most`: at once.
    Links(bus::Reactor& reactor, bus::Security const& security,
          std::optional<swarm::LatencyTable> latencies, std::size_t most,
          Link::OwnVitals own_vitals)
        : reactor_(reactor),
          security_(security),
          latencies_(std::move(latencies)),
          most_(most),
          own_vitals_(std::move(own_vitals)) {}

    /// As others know us: the table is about pairs.
    void set_self(wire::Endpoint self) { self_ = std::move(self); }

    /// The address that our data endpoint listens on; empty: on all of this machine.
    void set_listens(std::string host) { listens_ = std::move(host); }

    /// Errc::network if there are too many already, or none can be opened.
    Result<std::shared_ptr<Link>> to(wire::Endpoint const& endpoint);

    /// Whether there is a link to it, or may be one more.
    [[nodiscard]] bool room_for(wire::Endpoint const& endpoint);

    /// How many one job may hold that asks many peers: the others need some, too.
    [[nodiscard]] std::size_t share_of_a_job() const {
        return std::max<std::size_t>(most_ - most_ / 4, 1);
    }

    /// Before the end: no question stays open, and none is asked any more.
    void abandon();

  private:
    [[nodiscard]] std::string source_for(wire::Endpoint const& endpoint) const;

    bus::Reactor& reactor_;
    bus::Security security_;
    std::optional<swarm::LatencyTable> latencies_;
    std::size_t most_;
    Link::OwnVitals own_vitals_;
    wire::Endpoint self_;
    std::string listens_;
    std::map<wire::Endpoint, std::weak_ptr<Link>> links_;
    bool abandoned_ = false;
};

}  // namespace xfsbus::peer::net
