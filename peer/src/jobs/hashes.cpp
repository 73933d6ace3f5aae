#include "jobs/hashes.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/name.hpp>

#include <string_view>
#include <utility>

namespace xfsbus::peer::jobs {
namespace {

/// Nobody can find two messages with one digest of them, as far as anybody knows.
constexpr std::string_view standard_hashes[] = {"sha256", "sha512-256", "blake2b", "blake3"};

Error cannot_check(std::string const& name, std::string const& why) {
    return {Errc::plugin, "the file is hashed with '" + wire::escape(name) +
                              "', which this peer cannot check: " + why};
}

}  // namespace

Hashes::Hashes(policies::PluginPath path, std::shared_ptr<policies::PolicyHost> host,
               std::vector<std::string> const& accepted)
    : path_(std::move(path)),
      host_(std::move(host)),
      accepted_(std::begin(standard_hashes), std::end(standard_hashes)) {
    accepted_.insert(accepted.begin(), accepted.end());
}

void Hashes::put(std::shared_ptr<policies::HashAlgorithm const> algorithm) {
    std::lock_guard const lock(mutex_);
    auto name = algorithm->name();
    loaded_.insert_or_assign(std::move(name), std::move(algorithm));
}

void Hashes::put_built_in(std::shared_ptr<policies::HashAlgorithm const> algorithm) {
    std::lock_guard const lock(mutex_);
    built_in_ = std::move(algorithm);
}

Result<std::shared_ptr<policies::HashAlgorithm const>> Hashes::get(std::string const& name) {
    if (auto found = known(name)) {
        return std::move(*found);
    }
    if (!accepted_.contains(name)) {
        return cannot_check(name, "it is none of those that are accepted (--accept-hash)");
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
        auto error = cannot_check(name, refused.what());
        std::lock_guard const lock(mutex_);
        if (built_in_ && built_in_->name() == name) {
            loaded_.insert_or_assign(name, built_in_);
            return built_in_;
        }
        missing_.insert_or_assign(name,
                                  Missing{error, std::chrono::steady_clock::now() + missing_for});
        return error;
    }
}

}  // namespace xfsbus::peer::jobs
