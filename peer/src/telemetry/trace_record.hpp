#pragma once

#include <xfsbus/peer/policy.hpp>
#include <xfsbus/policies/peer_selector.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What a trace of decisions is made of; docs/POLICIES.md describes it as it is written. Values
/// that own all that they hold. Times are microseconds since the trace began.
namespace xfsbus::peer::telemetry {

/// The first record.
struct TraceBegun {
    PolicyUsed policy;
    PolicyUsed chunk_order;
};

/// Another policy decides from here on.
struct PolicySwapped {
    std::uint64_t t_us = 0;
    PolicyUsed policy;
};

/// Another order of chunks decides from here on.
struct OrderSwapped {
    std::uint64_t t_us = 0;
    PolicyUsed chunk_order;
};

/// What the number of a transfer means.
struct TransferBegun {
    std::uint64_t t_us = 0;
    std::uint64_t transfer = 0;
    std::string name = {};
    std::string content = {};  ///< content id in hex
    std::uint64_t bytes = 0;
    std::uint64_t chunk_bytes = 0;
    std::uint32_t chunks = 0;
    std::uint32_t chunks_here = 0;         ///< of an earlier try
    std::vector<std::string> others = {};  ///< names of small files that come with it, as one
};

/// A source as the policy saw it. The strings of the view are null.
struct SourceSeen {
    policies::SourceView view{};
    std::string endpoint;
    std::string labels;
};

struct DecisionMade {
    std::uint64_t t_us = 0;
    char const* operation = "";  ///< a literal
    policies::RequestView request{};
    std::vector<SourceSeen> sources;
    policies::Answer answer{};
    std::int64_t cost_ns = 0;
    bool by_default = false;
};

/// What was asked of a source has come, or will not.
struct RequestEnded {
    std::uint64_t t_us = 0;
    std::string endpoint;
    policies::OutcomeView outcome{};
};

/// Of small files that came as one chunk some were not what they should be.
struct FilesDamaged {
    std::uint64_t t_us = 0;
    std::uint64_t transfer = 0;
    std::vector<std::string> damaged;  ///< names; they are fetched again, each alone
    std::vector<std::string> stored;   ///< names of those that were right
    std::uint64_t stored_bytes = 0;
};

using TraceRecord = std::variant<TraceBegun, PolicySwapped, OrderSwapped, TransferBegun,
                                 DecisionMade, RequestEnded, FilesDamaged>;

}  // namespace xfsbus::peer::telemetry
