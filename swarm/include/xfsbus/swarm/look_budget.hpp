#pragma once

#include <xfsbus/swarm/allowance.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <map>
#include <string>

namespace xfsbus::swarm {

/// How many files others may have this peer look at: so many a second for one address, and so many
/// for all together. What is not used within a second is lost. A core.
class LookBudget {
  public:
    static constexpr std::size_t of_one_most = 1024;
    static constexpr std::size_t of_all_most = 4096;

    /// How many of these looks may be had now; takes them.
    std::size_t take(wire::Time now, std::string const& address, std::size_t wanted);

    /// Addresses that are remembered: those that have asked within the last second.
    [[nodiscard]] std::size_t addresses() const { return of_one_.size(); }

  private:
    void forget_idle(wire::Time now);

    Allowance all_{of_all_most, {}};
    std::map<std::string, Allowance> of_one_;
    wire::Time swept_{};
};

}  // namespace xfsbus::swarm
