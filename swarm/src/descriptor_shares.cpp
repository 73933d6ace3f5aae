#include <xfsbus/swarm/descriptor_shares.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

/// Sockets, event loops, the index and its database; and what is open for a moment.
constexpr std::uint64_t own = 56;

// What one of each takes. A ZeroMQ socket has one descriptor, its monitor another.
constexpr std::uint64_t of_a_link = 3;
constexpr std::uint64_t of_a_sink = 4;    // its PUSH, and the file that is read
constexpr std::uint64_t of_a_file = 4;    // the part, its journal, its directory, its reader
constexpr std::uint64_t of_a_hasher = 2;  // the file, the directory above it

/// More would only cost memory.
constexpr std::size_t connections_most = 8192;
constexpr std::size_t data_connections_most = 1024;
constexpr std::size_t links_most = 512;
constexpr std::size_t sinks_most = 1024;
constexpr std::size_t files_most = 64;
constexpr std::size_t hashers_most = 256;

std::size_t share(std::uint64_t free, unsigned of_32, std::uint64_t each, std::size_t least,
                  std::size_t most) {
    return std::clamp<std::size_t>(free / 32 * of_32 / each, least, most);
}

}  // namespace

std::optional<DescriptorShares> share_descriptors(std::uint64_t limit, std::uint64_t open) {
    if (limit < descriptors_least || limit < open + own + 32) {
        return std::nullopt;
    }
    // Many may wait for few to be served: a connection is cheap.
    auto const free = limit - open - own;
    DescriptorShares shares;
    shares.connections = share(free, 18, 1, 8, connections_most);
    shares.data_connections = share(free, 1, 1, 4, data_connections_most);
    shares.links = share(free, 4, of_a_link, 1, links_most);
    shares.sinks = share(free, 5, of_a_sink, 1, sinks_most);
    shares.files = share(free, 3, of_a_file, 1, files_most);
    shares.hashers = share(free, 1, of_a_hasher, 2, hashers_most);
    return shares;
}

}  // namespace xfsbus::swarm
