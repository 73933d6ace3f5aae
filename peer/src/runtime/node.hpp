#pragma once

#include "index/share_index.hpp"
#include "jobs/download_job.hpp"
#include "jobs/push_inbox.hpp"
#include "jobs/push_job.hpp"
#include "net/fault_teller.hpp"
#include "serving/serving.hpp"
#include "telemetry/counters.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/policies/host/chunk_order_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/swarm/descriptor_shares.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer::runtime {

/// Everything of a peer that lives on its reactor: joins the parts, keeps the share's table, runs
/// the jobs. Made before the reactor runs; used and destroyed on its thread.
class Node {
  public:
    struct Plugins {
        policies::PluginPath path;
        std::shared_ptr<policies::PolicyHost> host;  ///< of all of them
        std::shared_ptr<policies::SelectorFactory const> policy;
        std::shared_ptr<policies::ChunkOrderFactory const> chunk_order;
        std::shared_ptr<policies::HashAlgorithm const> integrity;
    };

    Node(bus::Reactor& reactor, PeerOptions const& options, Plugins plugins,
         std::optional<swarm::LatencyTable> latencies, std::shared_ptr<storage::Tree const> tree,
         swarm::DescriptorShares const& shares);
    ~Node();
    Node(Node const&) = delete;
    Node& operator=(Node const&) = delete;

    /// Binds the sockets, connects to the tracker, starts the index.
    Status start();

    void leave() { tracker_.leave(); }

    // ---- commands; each answers once ----
    template <typename T>
    using OnAnswer = std::function<void(Result<T>)>;

    void when_registered(std::function<void()> then);
    void when_settled(std::function<void()> then);

    [[nodiscard]] Error tracker_trouble() const { return tracker_.trouble(); }

    void when_scanned(OnAnswer<UpdateSummary> then);
    void update_list(OnAnswer<UpdateSummary> on_done);
    void rescan();
    void get_load(wire::Endpoint const& of, OnAnswer<std::uint32_t> on_load);
    void find(std::string const& query, OnAnswer<std::vector<FoundSource>> on_found);
    std::shared_ptr<jobs::DownloadJob> download(jobs::DownloadJob::Order order,
                                                jobs::DownloadJob::OnDone on_done);
    std::shared_ptr<jobs::PushJob> push(jobs::PushJob::Order order, jobs::PushJob::OnDone on_done);
    void peers(OnAnswer<std::vector<KnownPeer>> on_peers);
    [[nodiscard]] std::vector<SharedFileInfo> files() const;
    [[nodiscard]] PeerStatus status() const;
    [[nodiscard]] PolicyInfo policy() const;
    [[nodiscard]] PolicyInfo chunk_order() const;
    void set_policy(std::shared_ptr<policies::SelectorFactory const> policy);

  private:
    [[nodiscard]] std::uint32_t load() const;

    [[nodiscard]] wire::Pong vitals() const { return {load(), self_}; }

    [[nodiscard]] policies::GuardOptions guard() const;
    [[nodiscard]] std::uint64_t policy_seed();
    using Selector = std::shared_ptr<policies::GuardedSelector>;
    void put_selector(std::shared_ptr<jobs::PolicySlot> slot, std::function<void()> then);
    void find_with(std::shared_ptr<jobs::PolicySlot> const& slot, std::string const& query,
                   OnAnswer<std::vector<FoundSource>> const& on_found);
    [[nodiscard]] serving::Serving::Owner serving_owner();
    [[nodiscard]] swarm::Uploads::Limits upload_limits() const;
    [[nodiscard]] jobs::Services make_services();
    [[nodiscard]] std::function<void(bus::Reactor::Task)> poster() const;
    Status start_index();
    void on_changed(std::vector<swarm::IndexedFile> added, std::vector<std::string> removed);
    void on_fetched(swarm::IndexedFile file);
    void on_partial(swarm::PartialFile const& file);
    void on_partial_gone(std::string const& name);
    void on_fellow(wire::ContentId const& content, wire::Endpoint const& endpoint);
    void put(swarm::IndexedFile file);
    void on_state();
    struct Wait;
    [[nodiscard]] std::string source_for(wire::Endpoint const& tracker) const;
    void get_load_at(wire::Endpoint const& of, OnAnswer<std::uint32_t> const& on_load);
    void when_told(OnAnswer<std::monostate> then);
    void watch(std::shared_ptr<Wait> const& wait);
    void rank_sources(std::vector<wire::FoundFile> const& files, jobs::Finder::Probed const& probed,
                      jobs::PolicySlot& policy, OnAnswer<std::vector<FoundSource>> const& on_found);
    [[nodiscard]] telemetry::Counters counters() const;
    void log(LogEvent const& event) const;
    void note(LogLevel level, std::string_view text) const;
    void tell_tracker();
    void on_unreachable(std::string const& why);
    void tell_refusal();
    void on_push_failed(std::string const& name, Error const& why);

    bus::Reactor& reactor_;
    bus::Security security_ = bus::Security::none();  ///< of every socket
    PeerOptions options_;
    swarm::DescriptorShares descriptors_;
    Plugins plugins_;
    std::shared_ptr<storage::Tree const> tree_;
    bool shares_;
    std::mt19937_64 random_;
    wire::PeerId self_;

    swarm::ShareTable share_;
    jobs::Hashes hashes_;
    net::Links links_;
    net::TrackerLink tracker_;
    bus::Resolver resolver_;
    serving::Serving serving_;
    swarm::Throttle throttle_;
    net::Alarm throttle_alarm_;
    net::ChunkRouter chunks_;
    telemetry::Counters counters_;
    jobs::PolicyTotals policy_totals_ = std::make_shared<policies::PolicyCounters>();
    jobs::PolicyTotals order_totals_ = std::make_shared<policies::PolicyCounters>();
    jobs::Services services_;
    jobs::Finder finder_;
    threads::WorkerPool store_;  // after what its jobs use
    net::PoolJobs store_jobs_;
    storage::Committer committer_;
    std::unique_ptr<index::ShareIndex> index_;

    std::set<std::shared_ptr<jobs::DownloadJob>> jobs_;
    std::set<std::shared_ptr<jobs::PushJob>> pushes_;
    jobs::PushInbox inbox_;
    std::string told_refusal_;    ///< of the tracker; logged last
    bool told_in_touch_ = false;  ///< with the tracker; logged last
    wire::Time told_push_{};      ///< when a push that failed was logged last
    std::vector<std::function<void()>> on_registered_;
    std::vector<std::function<void()>> on_settled_;
    std::vector<OnAnswer<UpdateSummary>> on_scanned_;
    std::optional<UpdateSummary> scanned_;
    bool was_registered_ = false;
    bool started_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    threads::WorkerPool policy_maker_{1, "xfs-policy",
                                      net::fault_teller(reactor_)};  // last: it uses the others
};

}  // namespace xfsbus::peer::runtime
