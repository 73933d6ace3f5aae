#pragma once

#include "settings.hpp"

#include <xfsbus/peer/peer.hpp>

#include <array>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace xfsbus::console {

/// Swaps the policy of the kind that this plug-in is of, once a process of its own has loaded it
/// and come back: what it does to the program that loads it, it does to another one first.
/// Errc::plugin if it is refused.
Result<peer::PolicyInfo> try_and_load_policy(peer::Peer& peer,
                                             std::vector<std::filesystem::path> const& directories,
                                             std::string const& spec, std::stop_token const& stop);

/// What a peer with --serve does at SIGHUP: scans its directory, and reads its configuration again.
/// Of that it takes the policies, if others are named now or their files have changed; all else
/// holds from the next start on. What is wrong is logged, and changes nothing. One thread.
class Reload {
  public:
    Reload(peer::Peer& peer, Settings const& settings);

    void run(std::stop_token const& stop);

  private:
    /// A policy, as it was configured when it was taken.
    struct Taken {
        char const* what;  ///< in words
        std::string peer::PeerOptions::*configured;
        Result<peer::PolicyInfo> (peer::Peer::*in_force)(peer::Wait const&);
        char const* rule;  ///< the plug-in that does what is built in
        std::string spec;
    };

    void take_policies(std::stop_token const& stop);
    void take(Taken& policy, std::string const& spec, std::stop_token const& stop);
    void note(LogLevel level, std::string text) const;

    peer::Peer& peer_;
    Settings const& settings_;
    std::array<Taken, 3> taken_;
};

}  // namespace xfsbus::console
