#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace xfsbus::swarm {

/// How a peer shares out its file descriptors among what others can make grow, so that none of it
/// takes what the others need.
struct DescriptorShares {
    std::size_t connections = 0;       ///< that the control socket takes
    std::size_t data_connections = 0;  ///< that the data socket takes
    std::size_t links = 0;             ///< to other peers
    std::size_t sinks = 0;             ///< served at once
    std::size_t files = 0;             ///< fetched at once
    std::size_t hashers = 0;           ///< files of the share that are read at once

    friend bool operator==(DescriptorShares const&, DescriptorShares const&) = default;
};

/// With a lower limit a peer does not start.
inline constexpr std::uint64_t descriptors_least = 96;

/// `limit`: of the process; `open`: those that it has before it is a peer. nullopt: too few.
std::optional<DescriptorShares> share_descriptors(std::uint64_t limit, std::uint64_t open);

}  // namespace xfsbus::swarm
