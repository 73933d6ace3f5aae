#pragma once

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace xfsbus::test {

/// A complete source of its own rack, at a place of its own.
inline policies::HandoutSource handout_source(std::uint32_t number) {
    return {.flags = XFSBUS_HANDOUT_SOURCE_COMPLETE,
            .source_id = number,
            .draw = number,
            .host = "192.0.2.1",
            .labels = "",
            .completeness = 1.0,
            .port = 7000 + number,
            .load = 0};
}

inline policies::HandoutRequest handout_request(std::uint32_t wanted) {
    return {.wanted = wanted, .file_bytes = 1000, .asker_host = "198.51.100.1", .asker_labels = ""};
}

/// A handout of a shipped plug-in that throws at any fault, so that none can hide.
inline std::unique_ptr<policies::GuardedHandout> handout(std::string const& spec) {
    policies::GuardOptions options;
    options.strict = true;
    return policies::load_handout(policies::parse_plugin_spec(spec),
                                  policies::PluginPath({XFS_TEST_PLUGINS}))
        ->make(std::move(options));
}

inline std::vector<double> ranks(policies::Handout& policy, policies::HandoutRequest const& request,
                                 std::vector<policies::HandoutSource> const& sources) {
    std::vector<double> result(sources.size());
    policy.rank(request, sources, result);
    return result;
}

/// The ids of those who are named, in order.
inline std::vector<std::uint64_t> named(policies::Handout& policy,
                                        policies::HandoutRequest const& request,
                                        std::vector<policies::HandoutSource> const& sources) {
    auto const rank = ranks(policy, request, sources);
    std::vector<std::size_t> order(sources.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::tie(rank[a], sources[a].draw) < std::tie(rank[b], sources[b].draw);
    });
    order.resize(std::min<std::size_t>(request.wanted, order.size()));
    std::vector<std::uint64_t> ids;
    std::transform(order.begin(), order.end(), std::back_inserter(ids),
                   [&](std::size_t index) { return sources[index].source_id; });
    return ids;
}

}  // namespace xfsbus::test
