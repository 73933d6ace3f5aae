#include "jobs/source_ids.hpp"

#include <xfsbus/policies/host/sha256.hpp>

#include <cstring>
#include <string>

namespace xfsbus::peer::jobs {

swarm::SourceId SourceIds::of(wire::Endpoint const& endpoint) const {
    auto const digest = policies::sha256(std::to_string(key_) + " " + endpoint.to_string());
    std::uint64_t id = 0;
    std::memcpy(&id, digest.data(), sizeof id);
    return swarm::SourceId{id};
}

}  // namespace xfsbus::peer::jobs
