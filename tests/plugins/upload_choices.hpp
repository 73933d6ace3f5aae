#pragma once

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace xfsbus::test {

/// A sink that has just come, and would be sent a chunk that has left before.
inline policies::UploadSinkView upload_sink(std::uint32_t number) {
    return {.copies = 1,
            .sink_id = number,
            .draw = number * 0x9e3779b97f4a7c15U,
            .content = 1,
            .bytes = 1U << 20U,
            .share_bytes = 0,
            .waits_us = 0,
            .served_us = 0,
            .host = "192.0.2.1",
            .delivers_bytes_per_s = 0};
}

inline policies::UploadRequest upload_request(std::uint64_t seconds = 1000) {
    return {.places = 20, .now_us = seconds * 1'000'000};
}

/// An upload choice of a shipped plug-in that throws at any fault, so that none can hide.
inline std::unique_ptr<policies::GuardedUploadChoice> upload_choice(std::string const& spec) {
    policies::GuardOptions options;
    options.strict = true;
    return policies::load_upload_choice(policies::parse_plugin_spec(spec),
                                        policies::PluginPath({XFS_TEST_PLUGINS}))
        ->make(std::move(options));
}

inline std::vector<double> ranks(policies::UploadChoice& policy,
                                 policies::UploadRequest const& request,
                                 std::vector<policies::UploadSinkView> const& sinks) {
    std::vector<double> result(sinks.size());
    policy.rank(request, sinks, result);
    return result;
}

/// The index of the one that is served.
inline std::size_t served(policies::UploadChoice& policy, policies::UploadRequest const& request,
                          std::vector<policies::UploadSinkView> const& sinks) {
    auto const rank = ranks(policy, request, sinks);
    std::size_t best = 0;
    for (std::size_t i = 1; i < sinks.size(); ++i) {
        if (std::tie(rank[i], sinks[i].share_bytes) <
            std::tie(rank[best], sinks[best].share_bytes)) {
            best = i;
        }
    }
    return best;
}

}  // namespace xfsbus::test
