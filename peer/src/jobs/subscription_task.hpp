#pragma once

#include "jobs/network.hpp"
#include "net/alarm.hpp"

#include <xfsbus/swarm/subscription.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace xfsbus::peer::jobs {

/// A subscription that goes on until it is cancelled: asks the tracker one question after the
/// other, also of one that was away, and tells what the answers say. Asks nothing as long as nobody
/// takes what it tells. Reactor thread.
class SubscriptionTask : public std::enable_shared_from_this<SubscriptionTask> {
  public:
    struct Order {
        swarm::Subscription::Wanted wanted;
        std::function<void(swarm::Subscription::News const&)> on_news;
        std::function<void(swarm::Subscription::NewsOfPeer const&)> on_peer;
        /// How many more may be told now.
        std::function<std::size_t()> room;
    };

    /// The files that it has told of and that are there, when it was cancelled; else why it cannot
    /// go on.
    using OnDone = std::function<void(Result<std::vector<wire::ListedFile>>)>;

    /// The network must outlive it.
    SubscriptionTask(Network const& network, Order order, OnDone on_done);

    void start() { ask(); }

    void cancel() { finish(subscription_.files()); }

  private:
    void ask();
    void on_answer(Result<wire::Changes> const& answer);
    void go_on();
    bool tell_next();
    void finish(Result<std::vector<wire::ListedFile>> result);

    Network const& network_;
    Order order_;
    OnDone on_done_;
    swarm::Subscription subscription_;
    net::Alarm alarm_;
    bool over_ = false;
};

}  // namespace xfsbus::peer::jobs
