#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace xfsbus::swarm {

/// The connections that were told that all places are taken, in the order in which they first
/// asked. Who goes on asking is not overtaken for ever: once it has waited for long, no place that
/// becomes free goes to one that came later. Part of Uploads.
class WaitingRoom {
  public:
    struct Limits {
        std::size_t most = 1024;                               ///< more are not remembered
        wire::Duration long_after = std::chrono::seconds(10);  ///< before that nobody is preferred
        wire::Duration lasts = std::chrono::seconds(5);  ///< who has not asked for so long left
    };

    explicit WaitingRoom(Limits limits) : limits_(limits) {}

    /// It has asked, and got no place.
    void note(wire::Time now, std::string const& route, std::string const& host);
    /// It has a place, or is gone.
    void leave(std::string const& route);
    /// Forgets those that do not ask any more; a step for each that waits.
    void forget_silent(wire::Time now);

    [[nodiscard]] bool has_waited_long(wire::Time now, std::string const& route) const;

    /// Whether at least `free` others, all of which have waited for long, come before it.
    /// `places(host)`: how many a host has; who has fewer goes first.
    template <typename Places>
    [[nodiscard]] bool overtakes(wire::Time now, std::string const& route, std::string const& host,
                                 std::size_t free, Places places) const {
        auto const mine = places(host);
        auto const ticket = tickets_.find(route);
        std::size_t before = 0;
        for (auto const& [number, waiter] : waiters_) {
            if (now - waiter.since < limits_.long_after) {
                break;  // nor have those that follow
            }
            if (waiter.route == route || now - waiter.asked >= limits_.lasts) {
                continue;
            }
            bool const earlier = ticket == tickets_.end() || number < ticket->second;
            auto const theirs = places(waiter.host);
            before += theirs < mine || (theirs == mine && earlier) ? 1 : 0;
            if (before >= free) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::size_t size() const { return waiters_.size(); }

  private:
    struct Waiter {
        std::string route;
        std::string host;
        wire::Time since{};
        wire::Time asked{};
    };

    Limits limits_;
    std::map<std::uint64_t, Waiter> waiters_;  ///< by their ticket: the order in which they came
    std::unordered_map<std::string, std::uint64_t> tickets_;  ///< by their route
    std::uint64_t last_ticket_ = 0;
};

}  // namespace xfsbus::swarm
