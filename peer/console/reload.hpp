#pragma once

#include "settings.hpp"

#include <xfsbus/peer/peer.hpp>

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace xfsbus::console {

/// Swaps the policy, once a process of its own has loaded this one and come back: what it does to
/// the program that loads it, it does to another one first. Errc::plugin if it is refused.
Result<peer::PolicyInfo> try_and_load_policy(peer::Peer& peer,
                                             std::vector<std::filesystem::path> const& directories,
                                             std::string const& spec, std::stop_token const& stop);

/// What a peer with --serve does at SIGHUP: scans its directory, and reads its configuration again.
/// Of that it takes the policy, if it is another one now; all else holds from the next start on.
/// What is wrong is logged, and changes nothing. One thread.
class Reload {
  public:
    Reload(peer::Peer& peer, Settings const& settings)
        : peer_(peer), settings_(settings), policy_(settings.peer.policy) {}

    void run(std::stop_token const& stop);

  private:
    void take_policy(std::stop_token const& stop);
    void note(LogLevel level, std::string text) const;

    peer::Peer& peer_;
    Settings const& settings_;
    std::string policy_;  ///< as it was configured last
};

}  // namespace xfsbus::console
