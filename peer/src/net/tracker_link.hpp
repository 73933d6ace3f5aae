#pragma once

#include "net/alarm.hpp"
#include "net/asker.hpp"
#include "net/tracker_questions.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/resolver.hpp>
#include <xfsbus/swarm/announcer.hpp>
#include <xfsbus/swarm/pages.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace xfsbus::peer::net {

/// The connection to the tracker: keeps our entry there true (Announcer) and asks it questions.
/// Reactor thread.
class TrackerLink final : public TrackerQuestions, private swarm::Announcer::Owner {
  public:
    struct Owner {
        swarm::ShareTable const& share;
        std::function<std::uint32_t()> load;
        /// Registered, list sent or acknowledged, lost: look at registered() and settled().
        std::function<void()> on_state;
        /// The tracker cannot connect to where we listen.
        std::function<void(std::string const& why)> on_unreachable = {};
        /// Its list of peers, whoever asked for it.
        std::function<void(std::vector<wire::PeerEntry> const&)> on_peers = {};
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

    /// Before the end: no question stays open.
    void abandon() { asker_->abandon(); }

    [[nodiscard]] bool registered() const { return announcer_->registered(); }

    [[nodiscard]] bool settled() const { return announcer_->settled(); }

    [[nodiscard]] wire::Endpoint const& listens() const { return announcer_->listens(); }

    /// What the tracker refuses, and why; empty: nothing.
    [[nodiscard]] std::string const& refusal() const { return announcer_->trouble(); }

    /// Why this peer is not registered; escaped.
    [[nodiscard]] Error trouble() const;

    [[nodiscard]] bool connected() const { return connected_; }

    /// Registered, connected, and the tracker has said something within a lease; silent peers are
    /// asked only when one is over.
    [[nodiscard]] bool in_touch() const;

    /// When the tracker last said something.
    [[nodiscard]] wire::Time heard() const { return heard_; }

    /// Within PagesLimits.
    void find(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override;
    void find_first(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override;
    void subscribe(wire::Subscribe question, OnAnswer<wire::Changes> on_changes) override;
    /// All files that match, within PagesLimits.
    void list(std::string const& pattern, OnAnswer<std::vector<wire::ListedFile>> on_files);
    void list_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers);
    void look_at_peers(OnAnswer<Look> on_look) override;

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
    void ask_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers,
                   std::function<void(wire::PeerList const&)> on_page);
    /// `entries` is the list in each page.
    template <typename Entry, typename Question, typename Page>
    void ask_pages(Question question, std::vector<Entry> Page::*entries,
                   OnAnswer<std::vector<Entry>> on_all,
                   std::function<void(Page const&)> on_page = {},
                   std::shared_ptr<swarm::Pages<Entry>> pages = nullptr);

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
