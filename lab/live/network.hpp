#pragma once

#include "experiment/experiment.hpp"
#include "experiment/population.hpp"
#include "live/plan.hpp"

#include <xfsbus/files/fd.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::lab::live {

/// Commands for `ip -batch` and `tc -batch`, in one network namespace.
struct Settings {
    std::string ip{};
    std::string tc{};
};

/// A private network: a switch for each rack, behind the link of the rack; a switch in the middle,
/// at which the tracker is; and peers, each behind its own link. `{N}` in a text stands for the
/// namespace of peer N.
struct NetworkPlan {
    Settings middle{};              ///< of the namespace that has all switches
    std::vector<Settings> peers{};  ///< once their links are there
};

NetworkPlan network_plan_of(experiment::Experiment const& experiment,
                            std::vector<experiment::Peer> const& peers, Addresses const& addresses);

/// Namespaces without names, which are gone when this process ends, in whatever way, with all that
/// is in them. Only for root. For one thread.
class Network {
  public:
    /// Throws std::runtime_error with what ip or tc complains of, std::system_error if the system
    /// refuses a namespace.
    explicit Network(NetworkPlan const& plan);

    /// Where the tracker is, and where each peer is.
    [[nodiscard]] int middle() const { return middle_.get(); }

    [[nodiscard]] int of_peer(std::size_t peer) const { return peers_[peer].get(); }

  private:
    [[nodiscard]] std::string filled(std::string text) const;
    void set(int network, Settings const& settings) const;

    files::Fd middle_;
    std::vector<files::Fd> peers_;
};

/// The path of ip or tc; empty: it is not installed.
std::filesystem::path find_tool(std::string const& name);

}  // namespace xfsbus::lab::live
