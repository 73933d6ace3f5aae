#pragma once

#include <xfsbus/swarm/uploads.hpp>

#include <cstdint>
#include <cstring>
#include <string>

namespace xfsbus::swarm::test {

/// The content of which a simulation's swarm is.
inline wire::ContentId const the_content{};

/// A transfer's id says whose it is, so that nobody has to look it up.
struct Ends {
    std::uint32_t sink = 0;
    std::uint32_t link = 0;  ///< of the sink
    std::uint32_t source = 0;
    std::uint32_t serial = 0;
};

inline wire::TransferId id_of(Ends const& ends) {
    wire::TransferId id;
    static_assert(sizeof ends == wire::TransferId::size);
    std::memcpy(id.bytes.data(), &ends, sizeof ends);
    return id;
}

inline Ends ends_of(wire::TransferId const& id) {
    Ends ends;
    std::memcpy(&ends, id.bytes.data(), sizeof ends);
    return ends;
}

inline Uploads::SinkRoute route_of(std::uint32_t sink) {
    return std::to_string(sink);
}

}  // namespace xfsbus::swarm::test
