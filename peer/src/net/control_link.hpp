#pragma once

#include "net/asker.hpp"
#include "net/link.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/swarm/latency_table.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer::net {

/// A control connection. What is wanted, told and closed in one turn of the reactor travels
/// together. With a latency table, what is sent waits as long as the table says. Reactor thread.
class ControlLink final : public Link, public std::enable_shared_from_this<ControlLink> {
  public:
    /// Who this peer is and how busy, for those that ask.
    using OwnVitals = std::function<wire::Pong()>;

    /// `from`: the address to come from; empty: any. `fixed_latency_ms`: what the latency table
    /// says, if there is one.
    static Result<std::shared_ptr<ControlLink>> open(
        bus::Reactor& reactor, wire::Endpoint const& to, bus::Security const& security,
        std::string const& from, std::optional<double> fixed_latency_ms, OwnVitals own_vitals);
    ~ControlLink() override;

    [[nodiscard]] wire::Endpoint const& endpoint() const override { return to_; }

    /// The first time two questions are asked, since the first includes connecting.
    void probe(wire::Duration patience, OnVitals on_vitals) override;
    void ask(wire::Message const& question, wire::Duration patience, OnAnswer on_answer) override;
    void want(wire::Want want, Heard const& heard) override;
    void tell(wire::Have have) override;
    void close(wire::TransferId const& transfer, bool corrupt, bool tell) override;

    /// Ends all questions: whoever waits for an answer keeps the link alive.
    void abandon() { asker_->abandon(); }

    ControlLink(bus::Reactor& reactor, wire::Endpoint to, std::optional<double> fixed_latency_ms,
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

/// Control connections to the other peers.
class ControlLinks final : public Links {
  public:
    /// `most`: at once.
    ControlLinks(bus::Reactor& reactor, bus::Security const& security,
                 std::optional<swarm::LatencyTable> latencies, std::size_t most,
                 ControlLink::OwnVitals own_vitals)
        : reactor_(reactor),
          security_(security),
          latencies_(std::move(latencies)),
          most_(most),
          own_vitals_(std::move(own_vitals)) {}

    /// As others know us: the table is about pairs.
    void set_self(wire::Endpoint self) { self_ = std::move(self); }

    /// The address that our data endpoint listens on; empty: on all of this machine.
    void set_listens(std::string host) { listens_ = std::move(host); }

    Result<std::shared_ptr<Link>> to(wire::Endpoint const& endpoint) override;
    [[nodiscard]] bool room_for(wire::Endpoint const& endpoint) override;

    [[nodiscard]] std::size_t share_of_a_job() const override {
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
    ControlLink::OwnVitals own_vitals_;
    wire::Endpoint self_;
    std::string listens_;
    std::map<wire::Endpoint, std::weak_ptr<ControlLink>> links_;
    bool abandoned_ = false;
};

}  // namespace xfsbus::peer::net
