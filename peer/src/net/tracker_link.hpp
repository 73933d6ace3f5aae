#pragma once

#include "net/alarm.hpp"
#include "net/asker.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/resolver.hpp>
#include <xfsbus/swarm/announcer.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace xfsbus::peer::net {

/// How this peer stands with its tracker.
struct TrackerState {
    bool registered = false;
    bool settled = false;  ///< registered, and the tracker has the whole list of files
    bool connected = false;
    /// Registered, connected, and the tracker has said something within a lease; silent peers are
    /// asked only when one is over.
    bool in_touch = false;
    wire::Time heard{};      ///< when the tracker last said something
    wire::Endpoint listens;  ///< what it tells others of our address; once registered
    std::string refusal;     ///< what the tracker refuses, and why; empty: nothing
};

/// The connection to the tracker: keeps our entry there true (Announcer) and carries questions to
/// it (TrackerAsker). Reactor thread.
class TrackerLink final : private swarm::Announcer::Owner {
  public:
    struct Owner {
        swarm::ShareTable const& share;
        std::function<std::uint32_t()> load;
        /// Registered, list sent or acknowledged, lost: look at state().
        std::function<void()> on_state;
        /// The tracker cannot connect to where we listen.
        std::function<void(std::string const& why)> on_unreachable = {};
    };

    TrackerLink(bus::Reactor& reactor, bus::Security const& security, Owner owner);
    ~TrackerLink() override;
    TrackerLink(TrackerLink const&) = delete;
    TrackerLink& operator=(TrackerLink const&) = delete;

    /// Keeps trying to reach it, by whatever address its name has at that moment. `from`: the
    /// address of this machine to come from; empty: any. Errc::network if no connection can be
    /// opened.
    Status connect(wire::Endpoint const& tracker, std::string const& from,
                   swarm::Announcer::Options announcer);

    void on_changed(std::string const& name, std::optional<wire::FileEntry> entry);
    void on_changed(std::vector<wire::FileEntry> added, std::vector<std::string> removed);
    void resend();
    void leave();

    /// As Asker::ask.
    void ask(wire::Message const& question, wire::Duration patience, Asker::OnAnswer on_answer);

    /// Before the end: no question stays open.
    void abandon() { asker_->abandon(); }

    [[nodiscard]] TrackerState state() const;

    /// Why this peer is not registered; escaped.
    [[nodiscard]] Error trouble() const;

  private:
    void send(wire::Message const& message, std::uint64_t number) override;
    std::vector<wire::FileEntry> files_after(std::string const& name, std::size_t most) override;
    std::uint32_t load() override;

    Status open(std::string const& host);
    void look_up();
    void on_addresses(Result<std::vector<std::string>> const& addresses);
    bool say(wire::Message const& message, std::uint64_t request);
    void on_connection(bus::ControlClient::Connection state, std::string const& why);
    void on_garbage(std::string const& what);
    void on_message(wire::Envelope&& envelope);
    void after_event();

    bus::Reactor& reactor_;
    bus::Security security_;
    Owner owner_;
    wire::Endpoint tracker_;
    std::string from_;
    bus::Resolver resolver_;
    std::string address_;  ///< of the tracker's name, in use
    std::optional<bus::Reactor::TimerId> look_up_timer_;
    std::unique_ptr<bus::ControlClient> client_;
    std::unique_ptr<Asker> asker_;
    std::unique_ptr<swarm::Announcer> announcer_;
    Alarm alarm_;
    wire::Time heard_{};
    wire::Duration silence_most_{};  ///< as long as the tracker is there
    bool silent_ = false;            ///< we send no heartbeats
    bool connected_ = false;
    bool was_lost_ = false;  ///< the connection, and with it what was asked
    bool garbage_ = false;   // since the last time it was connected
};

}  // namespace xfsbus::peer::net
