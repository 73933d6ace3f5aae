#pragma once

#include "jobs/network.hpp"
#include "jobs/source_find.hpp"
#include "jobs/subscription_task.hpp"
#include "net/tracker_asker.hpp"
#include "runtime/peer_list.hpp"
#include "runtime/policies.hpp"

#include <xfsbus/bus/resolver.hpp>
#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/peer/subscribe.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer::runtime {

/// What a peer asks about what others have and do, for whoever calls it. Each question is answered
/// once. Reactor thread.
class Queries {
  public:
    template <typename T>
    using OnAnswer = std::function<void(Result<T>)>;

    /// What it is given must outlive it. `from`: as SourceFind.
    Queries(bus::Reactor& reactor, jobs::Network const& network, net::TrackerAsker& tracker,
            PeerList const& known, Policies& policies, telemetry::Log const& log,
            std::function<jobs::Viewpoint()> from);

    void get_load(wire::Endpoint const& of, OnAnswer<std::uint32_t> on_load);
    void find(std::string const& query, OnAnswer<std::vector<FoundSource>> on_found);
    void peers(OnAnswer<std::vector<KnownPeer>> on_peers);
    void list(std::string const& pattern, OnAnswer<std::vector<ListedFile>> on_listed);

    /// Where a subscription tells what changes.
    struct OnListing {
        std::function<void(ListingChange, ListedFile)> on_news;
        std::function<void(PeerChange, KnownPeer)> on_peer;
        std::function<std::size_t()> room;  ///< how many more may be told now
    };

    std::shared_ptr<jobs::SubscriptionTask> subscribe(SubscribeRequest const& request,
                                                      OnListing const& on_listing,
                                                      OnAnswer<std::vector<ListedFile>> on_done);

    /// Before the end: finds end with what is known, and subscriptions are cancelled.
    void abandon();

  private:
    void get_load_at(wire::Endpoint const& of, OnAnswer<std::uint32_t> const& on_load);

    jobs::Network const& network_;
    net::TrackerAsker& tracker_;
    PeerList const& known_;
    Policies& policies_;
    bus::Resolver resolver_;
    jobs::Finder finder_;
    jobs::SourceFind source_find_;
    std::set<std::shared_ptr<jobs::SubscriptionTask>> subscriptions_;
};

}  // namespace xfsbus::peer::runtime
