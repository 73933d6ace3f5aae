#pragma once

#include "shell/finder.hpp"
#include "shell/services.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// Asks other peers to fetch one file, and watches until they have it: finds the file, lists the
/// peers, asks those first that are least busy, and asks again and again how it stands. Those that
/// have it already are targets that are there. Reactor thread.
class PushJob : public std::enable_shared_from_this<PushJob> {
  public:
    struct Order {
        std::string query;
        std::size_t peers = 0;  ///< how many others shall have it; 0: all that take pushes
        /// What is known so far, a few times a second.
        std::function<void(PushReport const&)> on_progress;
    };

    using OnDone = std::function<void(Result<PushReport>)>;

    PushJob(Services& services, Order order, OnDone on_done);
    ~PushJob();
    PushJob(PushJob const&) = delete;
    PushJob& operator=(PushJob const&) = delete;

    void start();
    /// Ends at once with what is known; the peers that were asked go on.
    void cancel();

  private:
    /// A peer that is being asked; the target of the same number is what is known of it.
    struct Asked {
        std::size_t target = 0;
        std::shared_ptr<Link> link;
        wire::Time since{};
        wire::Time poll_at{};
        bool waiting = false;   ///< for an answer
        unsigned silences = 0;  ///< in a row
    };

    void on_found(Result<std::vector<wire::FoundFile>> files);
    void on_peers(Result<std::vector<wire::PeerEntry>> peers);
    void sort_out(std::vector<wire::PeerEntry> peers);
    void add_target(wire::Endpoint const& peer, PushState state);
    void advance();
    [[nodiscard]] bool wants_more() const;
    void ask_next();
    void poll(std::shared_ptr<Asked> const& asked);
    void on_answer(std::shared_ptr<Asked> const& asked, Result<wire::Message> answer);
    void on_trouble(std::shared_ptr<Asked> const& asked, Error const& error);
    void on_pushed(std::shared_ptr<Asked> const& asked, wire::Pushed const& pushed);
    void settle(std::shared_ptr<Asked> const& asked, PushState state, std::string reason);
    void tick();
    void schedule_tick();
    void update_seconds();
    [[nodiscard]] std::size_t count(PushState state) const;
    void finish(std::optional<Error> error = std::nullopt);

    Services& services_;
    Order order_;
    OnDone on_done_;
    Finder finder_;
    wire::FoundFile file_;
    std::deque<wire::Endpoint> candidates_;  ///< not asked yet, the least busy first
    std::set<std::shared_ptr<Asked>> active_;
    std::size_t asked_count_ = 0;
    PushReport report_;
    wire::Time started_{};
    std::optional<bus::Reactor::TimerId> timer_;
    bool over_ = false;
};

}  // namespace xfsbus::peer
