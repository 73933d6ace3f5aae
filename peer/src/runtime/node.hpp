#pragma once

#include "jobs/destination.hpp"
#include "jobs/download_task.hpp"
#include "jobs/network.hpp"
#include "jobs/push_inbox.hpp"
#include "jobs/push_task.hpp"
#include "jobs/served_offers.hpp"
#include "net/chunk_router.hpp"
#include "net/control_link.hpp"
#include "net/fault_teller.hpp"
#include "net/pool_jobs.hpp"
#include "net/system_random.hpp"
#include "net/tracker_asker.hpp"
#include "net/tracker_link.hpp"
#include "runtime/event_store.hpp"
#include "runtime/peer_list.hpp"
#include "runtime/peer_threads.hpp"
#include "runtime/policies.hpp"
#include "runtime/publisher.hpp"
#include "runtime/queries.hpp"
#include "runtime/readings.hpp"
#include "runtime/share_keeper.hpp"
#include "runtime/tracker_watch.hpp"
#include "serving/serving.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/log.hpp"

#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/policies/host/peer_policy.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/descriptor_shares.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer::runtime {

/// Everything of a peer that lives on its reactor: joins the parts, keeps the share's table, runs
/// the jobs. Made before the reactor runs, used on its thread, destroyed when it runs no more.
class Node {
  public:
    /// What it is given besides its options.
    struct Given {
        std::optional<swarm::LatencyTable> latencies;
        std::shared_ptr<storage::Tree const> tree;
        swarm::DescriptorShares descriptors;
        Policies::Trace trace;  ///< null: none
        PeerThreads& threads;
    };

    struct Plugins {
        policies::PluginPath path;
        std::shared_ptr<policies::PolicyHost> host;  ///< of all of them
        std::shared_ptr<policies::SelectorFactory const> policy;
        std::shared_ptr<policies::ChunkOrderFactory const> chunk_order;
        std::shared_ptr<policies::HashAlgorithm const> integrity;
        std::shared_ptr<policies::HashAlgorithm const> built_in_integrity;
        std::shared_ptr<policies::UploadChoiceFactory const> upload_choice;  ///< null: built in
    };

    Node(bus::Reactor& reactor, EventStore& events, PeerOptions const& options, Plugins plugins,
         Given given);
    ~Node();
    Node(Node const&) = delete;
    Node& operator=(Node const&) = delete;

    /// Binds the sockets, connects to the tracker, starts the index.
    Status start();

    void leave() { tracker_.leave(); }

    [[nodiscard]] TrackerWatch& tracker() { return watch_; }

    [[nodiscard]] ShareKeeper& share() { return keeper_; }

    [[nodiscard]] Readings& readings() { return readings_; }

    [[nodiscard]] Publisher& publisher() { return publisher_; }

    [[nodiscard]] Queries& queries() { return queries_; }

    [[nodiscard]] Policies const& policies() const { return policies_; }

    /// For downloads and uploads under way, too. `on_set` is called when it is in force.
    void set_policy(policies::PeerPolicyFactory const& policy,
                    std::function<void(PolicyInfo)> on_set);

    std::shared_ptr<jobs::DownloadTask> download(jobs::DownloadTask::Order order,
                                                 jobs::DownloadTask::OnDone on_done);
    std::shared_ptr<jobs::PushTask> push(jobs::PushTask::Order order,
                                         jobs::PushTask::OnDone on_done);
    [[nodiscard]] PeerStatus status() const;

  private:
    void set_selection(Policies::Factory policy);
    void set_chunk_order(Policies::OrderFactory order);
    [[nodiscard]] std::uint32_t load() const;

    [[nodiscard]] wire::Pong vitals() const { return {load(), self_}; }

    [[nodiscard]] serving::Serving::Owner serving_owner();
    [[nodiscard]] Readings::Owner readings_owner();
    [[nodiscard]] Publisher::Owner publisher_owner();
    void when_told(std::function<void()> then);
    [[nodiscard]] swarm::Uploads::Limits upload_limits() const;
    [[nodiscard]] jobs::ServedOffers::Owner offers_owner();
    [[nodiscard]] jobs::Network network();
    [[nodiscard]] wire::TransferId new_transfer();
    [[nodiscard]] TrackerWatch::Options watch_options() const;
    [[nodiscard]] std::string source_for(wire::Endpoint const& tracker) const;
    [[nodiscard]] jobs::Viewpoint viewpoint() const;
    [[nodiscard]] telemetry::Counters counters(Policies::InForce const& policies) const;
    void on_push_failed(std::string const& name, Error const& why);

    bus::Reactor& reactor_;
    bus::Security security_ = bus::Security::none();  ///< of every socket
    PeerOptions options_;
    telemetry::Log log_;
    swarm::DescriptorShares descriptors_;
    Plugins plugins_;  ///< but for those that may be swapped, which are let go of then
    std::shared_ptr<storage::Tree const> tree_;
    Policies::Trace trace_;
    PeerThreads& threads_;
    bool shares_;
    std::mt19937_64 random_;
    wire::PeerId self_;

    PeerList known_;
    Policies policies_;
    swarm::ShareTable share_;
    index::Publications published_;
    jobs::Hashes hashes_;
    net::ControlLinks links_;
    net::TrackerLink tracker_;
    net::TrackerAsker questions_;
    TrackerWatch watch_;
    swarm::Deliveries deliveries_;
    serving::Serving serving_;
    ShareKeeper keeper_;
    swarm::Throttle throttle_;
    net::Alarm throttle_alarm_;
    net::ChunkRouter chunks_;
    telemetry::Counters counters_;
    net::RandomStore transfer_ids_;
    jobs::ServedOffers offers_;
    jobs::Network network_;
    jobs::Reception reception_;
    jobs::FilePolicies file_policies_;
    jobs::Destination destination_;
    Queries queries_;
    threads::WorkerPool store_;  // after what its jobs use
    net::PoolJobs store_jobs_;
    storage::Committer committer_;
    jobs::FileTransfer::Parts transfer_parts_;

    std::set<std::shared_ptr<jobs::DownloadTask>> jobs_;
    std::set<std::shared_ptr<jobs::PushTask>> pushes_;
    jobs::PushInbox inbox_;
    Readings readings_;
    threads::WorkerPool publishing_;  // after what its jobs use
    net::PoolJobs publishing_jobs_;
    Publisher publisher_;
    wire::Time told_push_{};  ///< when a push that failed was logged last
    bool started_ = false;
    bool leaving_ = false;
};

}  // namespace xfsbus::peer::runtime
