#pragma once

#include "live/plan.hpp"
#include "live/program.hpp"
#include "live/story.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::lab::live {

/// The programs of a run: starts them, tells them what the plan says when it says so, and listens.
/// What cannot go on is thrown, std::runtime_error, with the last line that the program has logged.
/// For one thread.
class Swarm {
  public:
    /// How the program of a peer is started; of the tracker, without a number. The plan's arguments
    /// are added.
    using StartOf = std::function<Start(std::optional<std::size_t> peer)>;

    /// `plan` lives longer.
    Swarm(Plan const& plan, StartOf start_of);

    /// Starts the tracker, and all that are there from the beginning, and waits until they are
    /// ready.
    void get_ready();

    /// From now on time counts, until all that fetch are done or the plan's time is over.
    void go();

    /// Asks all that are there how many bytes they have sent.
    void ask();

    [[nodiscard]] Told const& told(std::size_t peer) const { return peers_[peer].story.told(); }

    /// How long it went.
    [[nodiscard]] wire::Duration end() const { return end_; }

  private:
    using Clock = std::chrono::steady_clock;

    struct Peer {
        std::unique_ptr<Program> program{};  ///< null: not yet, or not any more
        Story story;
        bool fetching = false;
        bool gone = false;     ///< it left, or it crashed as planned
        bool leaving = false;  ///< it was asked for its figures, and is to leave then
    };

    [[nodiscard]] wire::Duration now() const;
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] std::optional<wire::Duration> next_step() const;
    void start_tracker();
    void start(std::size_t index);
    void step();
    void step(Peer& peer, PeerPlan const& plan, std::size_t index);
    void listen(wire::Duration most);
    void read(Peer& peer, std::size_t index);
    void leave_if_done(Peer& peer, PeerPlan const& plan);
    void remove(Peer& peer, int signal);
    void wait_until(char const* what, std::function<bool(std::size_t peer)> const& holds);
    [[nodiscard]] std::runtime_error trouble(std::optional<std::size_t> peer,
                                             std::string const& what) const;

    Plan const& plan_;
    StartOf start_of_;
    std::unique_ptr<Program> tracker_;
    std::vector<Peer> peers_;
    std::optional<Clock::time_point> begin_;  // empty: time does not count yet
    wire::Duration end_{};
};

}  // namespace xfsbus::lab::live
