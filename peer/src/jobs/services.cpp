#include "jobs/services.hpp"

#include "net/system_random.hpp"

#include <xfsbus/policies/host/sha256.hpp>

#include <cstring>

namespace xfsbus::peer::jobs {

wire::TransferId Services::new_transfer() {
    wire::TransferId id;
    transfer_ids.fill(id.bytes);
    return id;
}

swarm::SourceId Services::source_id(wire::Endpoint const& endpoint) const {
    auto const digest = policies::sha256(std::to_string(id_key) + " " + endpoint.to_string());
    std::uint64_t id = 0;
    std::memcpy(&id, digest.data(), sizeof id);
    return swarm::SourceId{id};
}

}  // namespace xfsbus::peer::jobs
