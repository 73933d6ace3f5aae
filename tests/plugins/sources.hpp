#pragma once

#include <xfsbus/policies/host/selector_factory.hpp>

#include <string>

namespace xfsbus::test {

/// A source that is like every other, but for its id.
inline policies::SourceView source(std::uint64_t id) {
    policies::SourceView view{};
    view.source_id = id;
    view.endpoint = "192.0.2.1:7000";
    view.labels = "";
    view.latency_ms = 1.0;
    view.rate_bytes_per_s = 1e8;
    view.completeness = 1.0;
    view.window_bytes = 16U << 20U;
    return view;
}

inline policies::RequestView request(std::uint64_t bytes = 1U << 20U) {
    policies::RequestView view{};
    view.now_us = 1;
    view.file_bytes = 1U << 30U;
    view.bytes = bytes;
    view.left_bytes = 1U << 29U;
    return view;
}

/// A selector of a shipped plug-in that throws at any fault, so that none can hide.
inline std::unique_ptr<policies::GuardedSelector> selector(std::string const& spec,
                                                           std::uint64_t seed = 1) {
    policies::GuardOptions options;
    options.strict = true;
    return policies::load_peer_selector(policies::parse_plugin_spec(spec),
                                        policies::PluginPath({XFS_TEST_PLUGINS}))
        ->make(seed, std::move(options));
}

}  // namespace xfsbus::test
