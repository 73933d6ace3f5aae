#include "jobs/services.hpp"

#include "net/system_random.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/sha256.hpp>
#include <xfsbus/swarm/download.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstring>

namespace xfsbus::peer::jobs {

// ---- Hashes ----

void Hashes::put(std::shared_ptr<policies::HashAlgorithm const> algorithm) {
    std::lock_guard const lock(mutex_);
    auto name = algorithm->name();
    loaded_.insert_or_assign(std::move(name), std::move(algorithm));
}

Result<std::shared_ptr<policies::HashAlgorithm const>> Hashes::get(std::string const& name) {
    if (auto found = known(name)) {
        return std::move(*found);
    }
    std::lock_guard const lock(loading_);
    auto found = known(name);  // another thread may have loaded it meanwhile
    return found ? std::move(*found) : load(name);
}

std::optional<Hashes::Found> Hashes::known(std::string const& name) const {
    std::lock_guard const lock(mutex_);
    if (auto const found = loaded_.find(name); found != loaded_.end()) {
        return found->second;
    }
    auto const missing = missing_.find(name);
    if (missing != missing_.end() && std::chrono::steady_clock::now() < missing->second.until) {
        return missing->second.error;
    }
    return std::nullopt;
}

Hashes::Found Hashes::load(std::string const& name) {
    try {
        auto algorithm = policies::load_integrity_by_name(name, path_, host_);
        put(algorithm);
        return algorithm;
    } catch (policies::PluginRefused const& refused) {
        Error const error{Errc::plugin, "the file is hashed with '" + wire::escape(name) +
                                            "', which this peer cannot check: " + refused.what()};
        note_missing(name, error);
        return error;
    }
}

void Hashes::note_missing(std::string const& name, Error const& error) {
    std::lock_guard const lock(mutex_);
    auto const now = std::chrono::steady_clock::now();
    std::erase_if(missing_, [now](auto const& entry) { return entry.second.until <= now; });
    if (missing_.size() < missing_most) {
        missing_.insert_or_assign(name, Missing{error, now + missing_for});
    }
}

// ---- Services ----

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
