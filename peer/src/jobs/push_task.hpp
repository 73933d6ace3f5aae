#pragma once

#include "jobs/finder.hpp"
#include "jobs/push_links.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/push_looks.hpp>
#include <xfsbus/swarm/push_plan.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// Asks other peers to fetch one file or several, and watches until they have them: finds the
/// files, looks at the list of peers until it is settled (PushLooks), and asks whom a PushPlan
/// says. Those that have a file already have to say so, too. Reactor thread.
class PushTask : public std::enable_shared_from_this<PushTask> {
  public:
    static constexpr std::size_t files_most = 2048;

    struct Order {
        std::string query;
        PushTo to = PushTo::all;
        std::size_t peers = 0;
        std::chrono::milliseconds patience{};
        /// What is known so far, a few times a second.
        std::function<void(PushProgress const&)> on_progress;
    };

    using OnDone = std::function<void(Result<PushResult>)>;

    /// What outlives it.
    struct Parts {
        Network const& network;
        swarm::ShareTable const& share;
        std::mt19937_64& random;  ///< for choices, not for secrets
        telemetry::Log const& log;
    };

    PushTask(Parts const& parts, Order order, OnDone on_done);
    ~PushTask();
    PushTask(PushTask const&) = delete;
    PushTask& operator=(PushTask const&) = delete;

    void start();
    /// Ends at once with what is known; the peers that were asked go on.
    void cancel();

  private:
    // what is pushed, and to whom
    void look();
    void on_look(Result<net::TrackerQuestions::Look> look);
    void find_files();
    void on_found(Result<std::vector<wire::FoundFile>> files);
    [[nodiscard]] bool may_be_incomplete(Result<std::vector<wire::FoundFile>> const& files) const;
    Status choose(std::vector<wire::FoundFile> files);
    Status choose_version(std::vector<wire::FoundFile> const& versions);
    [[nodiscard]] swarm::PushPlan::Options plan_options() const;
    [[nodiscard]] std::vector<wire::Endpoint> others(std::vector<wire::PeerEntry> peers);

    // how it stands
    void pump();
    [[nodiscard]] bool ask(swarm::PushPlan::Ask const& ask);
    void on_answer(swarm::PushPlan::Ask const& ask, Result<wire::Message> const& answer);

    // ends
    void after_event();
    void schedule();
    void tick();
    void report_progress();
    [[nodiscard]] bool nobody_takes_pushes() const;
    [[nodiscard]] PushReport report(std::size_t file, bool at_end) const;
    [[nodiscard]] PushResult result() const;
    void finish(std::optional<Error> error = std::nullopt);

    Network const& network_;
    swarm::ShareTable const& share_;
    std::mt19937_64& random_;
    Order order_;
    OnDone on_done_;
    Finder finder_;
    std::vector<wire::FoundFile> files_;
    std::vector<wire::Endpoint> listed_;  ///< the last look, before there is a plan
    swarm::PushLooks looks_;
    std::optional<swarm::PushPlan> plan_;
    PushLinks links_;
    wire::Time started_{};
    wire::Time told_{};  ///< on_progress was called last
    std::optional<bus::Scheduler::TimerId> timer_;
    bool finding_ = false;
    bool pumping_ = false;
    bool over_ = false;
};

}  // namespace xfsbus::peer::jobs
