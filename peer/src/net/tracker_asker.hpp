#pragma once

#include "net/tracker_link.hpp"
#include "net/tracker_questions.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/swarm/pages.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer::net {

/// Asks the tracker; joins the pages of long answers, within PagesLimits. Reactor thread.
class TrackerAsker final : public TrackerQuestions {
  public:
    /// Told of each list of peers, whoever asked for it.
    using OnPeers = std::function<void(std::vector<wire::PeerEntry> const&)>;

    /// `link` must outlive it, and be connected before the first question.
    TrackerAsker(bus::Reactor& reactor, TrackerLink& link, OnPeers on_peers)
        : reactor_(reactor), link_(link), on_peers_(std::move(on_peers)) {}

    void find(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override;
    void find_first(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override;
    void subscribe(wire::Subscribe question, OnAnswer<wire::Changes> on_changes) override;
    /// All files that match.
    void list(std::string const& pattern, OnAnswer<std::vector<wire::ListedFile>> on_files);
    void list_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers);
    void look_at_peers(OnAnswer<Look> on_look) override;

  private:
    void ask_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers,
                   std::function<void(wire::PeerList const&)> on_page);
    /// `entries` is the list in each page.
    template <typename Entry, typename Question, typename Page>
    void ask_pages(Question question, std::vector<Entry> Page::*entries,
                   OnAnswer<std::vector<Entry>> on_all,
                   std::function<void(Page const&)> on_page = {},
                   std::shared_ptr<swarm::Pages<Entry>> pages = nullptr);

    bus::Reactor& reactor_;
    TrackerLink& link_;
    OnPeers on_peers_;
};

}  // namespace xfsbus::peer::net
