#include "contract.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/policy_host.hpp>

#include <algorithm>

#include <time.h>

namespace xfsbus::policies {

std::chrono::nanoseconds time_of_this_thread() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool ContractTrial::kept() const {
    return std::ranges::all_of(rules, [](auto const& rule) { return rule.problem.empty(); });
}

ContractTrial try_contract(PluginSpec const& spec, PluginPath const& path) {
    auto const file = path.find(spec.file);
    LoadPlugin const load = [&] {
        return load_library(file, "", spec.parameters, std::make_shared<PolicyHost>());
    };
    auto const plugin = load();
    auto const& kind = plugin->info().kind;
    auto const try_kind = [&] {
        if (kind == XFSBUS_KIND_PEER_SELECTION) {
            return try_selection(load);
        }
        if (kind == XFSBUS_KIND_CHUNK_ORDER) {
            return try_chunk_order(load);
        }
        if (kind == XFSBUS_KIND_UPLOAD_CHOICE) {
            return try_upload_choice(load);
        }
        if (kind == XFSBUS_KIND_HANDOUT) {
            return try_handout(load);
        }
        if (kind == XFSBUS_KIND_INTEGRITY) {
            return try_integrity(load);
        }
        throw plugin->refused("there is no contract for its kind, " + kind);
    };
    auto trial = try_kind();
    trial.plugin = plugin->info();
    return trial;
}

}  // namespace xfsbus::policies
