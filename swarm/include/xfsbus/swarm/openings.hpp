#pragma once

#include <xfsbus/swarm/allowance.hpp>
#include <xfsbus/swarm/upload_parts.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace xfsbus::swarm {

/// How many connections sinks may have this peer open, each of which costs it time: so many a
/// second for one host, and so many for all together, the last of which are for hosts that have
/// had none in that second. Sinks of one host have their turns in the order in which they first
/// asked, so that one that asks without pause does not take the turns of its neighbours.
///
/// A core. One thread.
class Openings {
  public:
    struct Limits {
        std::size_t of_host_most = 128;   ///< a second
        std::size_t of_all_most = 512;    ///< a second
        std::size_t of_new_hosts = 128;   ///< of them, for hosts that have had none
        std::size_t waiting_most = 1024;  ///< sinks that are remembered
        /// Who has not asked for so long waits no more.
        wire::Duration lasts = std::chrono::seconds(5);
    };

    Openings() : Openings(Limits{}) {}

    explicit Openings(Limits const& limits) : limits_(limits), all_{limits.of_all_most, {}} {}

    /// Whether a connection may be opened now for the sink that asked over this route; takes it.
    /// If not, it is to ask again, and keeps its turn if it does so in time.
    bool take(wire::Time now, SinkRoute const& route, std::string const& host);

    /// Sinks that are remembered as waiting, and hosts of which something is remembered.
    [[nodiscard]] std::size_t waiting() const { return tickets_.size(); }

    [[nodiscard]] std::size_t hosts() const { return hosts_.size(); }

  private:
    struct Waiter {
        SinkRoute route;
        wire::Time asked{};
    };

    struct Host {
        Allowance allowance;
        std::map<std::uint64_t, Waiter> line;  ///< by ticket: the order in which they came
    };

    [[nodiscard]] bool is_its_turn(wire::Time now, SinkRoute const& route, Host const& host) const;
    void wait(wire::Time now, SinkRoute const& route, Host& host);
    void leave(SinkRoute const& route, Host& host);
    void forget_silent(wire::Time now);

    Limits limits_;
    Allowance all_;
    std::map<std::string, Host> hosts_;
    std::unordered_map<SinkRoute, std::uint64_t> tickets_;
    std::uint64_t last_ticket_ = 0;
    wire::Time swept_{};
};

}  // namespace xfsbus::swarm
