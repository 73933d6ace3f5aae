#pragma once

#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace xfsbus::lab::replay {

/// A question that a policy was asked, with what it was shown, and its answer.
struct Decision {
    policies::RequestView request{};
    std::vector<policies::SourceView> sources;
    policies::Answer answer{};
    bool by_default = false;  ///< the built-in rule has answered
};

/// How a request ended.
struct Ended {
    std::string peer;
    policies::OutcomeView outcome{};
};

/// The policy that a trace names.
struct Recorded {
    std::string name;
    std::string sha256;
    std::string spec;  ///< as for --policy
    std::uint64_t seed = 0;
};

/// What a peer has written down of its decisions (--trace; docs/POLICIES.md). A value; the sources
/// of its decisions point into it.
class Trace {
  public:
    /// Up to the point where another policy was loaded, if one was. Errc::usage with file and line
    /// if it is no trace or cannot be read.
    static Result<Trace> read(std::filesystem::path const& file);

    Trace(Trace&&) = default;
    Trace& operator=(Trace&&) = default;
    Trace(Trace const&) = delete;
    Trace& operator=(Trace const&) = delete;
    ~Trace() = default;

    Recorded policy;
    std::vector<std::variant<Decision, Ended>> events;
    bool ends_at_swap = false;  ///< what followed was decided by another policy

  private:
    friend class TraceReader;

    Trace() = default;

    std::set<std::string> texts_;  ///< endpoints and labels
};

}  // namespace xfsbus::lab::replay
