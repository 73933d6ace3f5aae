#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/wire/log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace xfsbus::tracker {

/// What a RunningTracker is told; each as the option of xfs-tracker of that name.
struct TrackerOptions {
    std::string host = "127.0.0.1";  ///< a numeric address, IPv4 or IPv6, where it listens
    std::uint16_t port = 7470;       ///< 0: a free one
    std::chrono::milliseconds peer_ttl{3000};
    OnLog log = {};                                   ///< called on the tracker's thread
    std::size_t memory_bytes = std::size_t{4} << 30;  ///< for peers and their files; a host: half
    /// Peers may say that they listen at another address than they connect from.
    bool foreign_hosts = false;
    /// Which sources a find names; null: the built-in rule. Called and destroyed on the tracker's
    /// thread, which waits for it.
    std::shared_ptr<policies::Handout> handout = {};
};

}  // namespace xfsbus::tracker
