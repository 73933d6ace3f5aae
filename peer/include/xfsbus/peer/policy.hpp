#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer {

/// Which policy it is, and all that its decisions follow from beside what it sees.
struct PolicyUsed {
    std::string name;
    std::string version;
    std::string hash;  ///< SHA-256 of the file as it was loaded, in hex
    std::vector<std::pair<std::string, std::string>> parameters;
    /// Of its random numbers, and of the ids that it knows sources by: as PeerOptions::seed says,
    /// or as it was drawn when the peer started. With it, they are the same again.
    std::uint64_t seed = 0;
};

/// How often a policy was asked one kind of question, and what came of it.
struct PurposeUse {
    std::string purpose;  ///< "request", "duplicate", "admit", "rank", "replace", "window", "total"
    std::uint64_t asked = 0;
    std::uint64_t alone = 0;        ///< of these, with one candidate only
    std::uint64_t faults = 0;       ///< calls that failed, or whose answer was nonsense
    std::uint64_t over_budget = 0;  ///< not asked, as the policy had used up the second's time
    double seconds = 0;             ///< within the policy
};

/// What is written down of decisions (PeerOptions::trace_file).
struct TraceInfo {
    std::filesystem::path file = {};
    std::uint64_t records = 0;  ///< written
    std::uint64_t dropped = 0;  ///< that came faster than they could be written, or after the end
    std::string trouble = {};   ///< why nothing is written any more; empty: it is
};

/// A policy in use, and what its objects have done since it was loaded.
struct PolicyInfo : PolicyUsed {
    std::string kind = {};  ///< "peer-selection", "chunk-order" or "upload-choice"
    std::string description = {};
    std::filesystem::path path = {};        ///< empty: it is built in, or the program's own
    std::uint64_t picks = 0;                ///< decisions asked for
    std::uint64_t faults = 0;               ///< calls that failed, or whose answer was nonsense
    std::uint64_t slow = 0;                 ///< calls that took too long
    std::uint64_t over_budget = 0;          ///< not called, as it had used up the second's time
    std::uint64_t fallbacks = 0;            ///< decisions that the built-in default made instead
    double seconds = 0;                     ///< within the policy, all calls together
    std::vector<PurposeUse> purposes = {};  ///< those that were asked; none for an order of chunks
    std::optional<TraceInfo> trace = {};    ///< of a peer selection, if there is one
    /// What was last reported of it, for people: the first fault of an object or each thousandth, a
    /// call that took too long, or that it is not called any more. Empty: nothing was.
    std::string trouble = {};
};

}  // namespace xfsbus::peer
