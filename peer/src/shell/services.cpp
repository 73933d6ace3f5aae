#include "shell/services.hpp"

#include "core/download.hpp"
#include "system_random.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/sha256.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstring>

namespace xfsbus::peer {

// ---- Hashes ----

void Hashes::put(std::shared_ptr<policies::HashAlgorithm const> algorithm) {
    auto name = algorithm->name();
    loaded_.insert_or_assign(std::move(name), std::move(algorithm));
}

Result<std::shared_ptr<policies::HashAlgorithm const>> Hashes::get(std::string const& name) {
    auto const found = loaded_.find(name);
    if (found != loaded_.end()) {
        return found->second;
    }
    try {
        auto algorithm = policies::load_integrity_by_name(name, path_);
        put(algorithm);
        return algorithm;
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, "the file is hashed with '" + wire::escape(name) +
                                       "', which this peer cannot check: " + refused.what()};
    }
}

// ---- Throttle ----

Throttle::~Throttle() {
    if (timer_) {
        reactor_.cancel(*timer_);
    }
}

void Throttle::submit(std::uint64_t bytes, std::function<void()> task) {
    if (rate_ == 0) {
        task();
        return;
    }
    waiting_.push_back({bytes, std::move(task)});
    run();
}

void Throttle::run() {
    while (!waiting_.empty() && limit_.open(reactor_.now())) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        limit_.spend(reactor_.now(), next.bytes);
        next.task();
    }
    if (!waiting_.empty() && !timer_) {
        timer_ = reactor_.at(limit_.free_at(), [this] {
            timer_.reset();
            run();
        });
    }
}

// ---- Services ----

wire::TransferId Services::new_transfer() {
    wire::TransferId id;
    fill_random(id.bytes);
    return id;
}

SourceId Services::source_id(wire::Endpoint const& endpoint) const {
    auto const digest = policies::sha256(std::to_string(id_key) + " " + endpoint.to_string());
    std::uint64_t id = 0;
    std::memcpy(&id, digest.data(), sizeof id);
    return SourceId{id};
}

}  // namespace xfsbus::peer
