#pragma once

#include <xfsbus/swarm/source_session.hpp>

#include <cstdint>
#include <cstring>
#include <string>

namespace xfsbus::lab::sim {

/// The content of which a simulation's swarm is.
inline wire::ContentId const the_content{};

/// The transfer of a sink that has this number.
inline wire::TransferId transfer_of(std::uint32_t sink, std::uint32_t number) {
    wire::TransferId id;
    std::memcpy(id.bytes.data(), &sink, sizeof sink);
    std::memcpy(id.bytes.data() + sizeof sink, &number, sizeof number);
    return id;
}

inline swarm::SinkRoute route_of(std::uint32_t sink) {
    return std::to_string(sink);
}

inline std::uint32_t sink_of(swarm::SinkRoute const& route) {
    return static_cast<std::uint32_t>(std::stoul(route));
}

}  // namespace xfsbus::lab::sim
