#pragma once

#include <xfsbus/policies/peer_selector.hpp>

#include <chrono>
#include <span>

namespace xfsbus::policies {

/// One decision of a policy: what it was shown, and what came of it. Valid as long as the call of
/// the recorder.
struct Decision {
    char const* operation;  ///< a literal: "pick" or "decide"
    RequestView const& request;
    std::span<SourceView const> sources;
    Answer answer;                  ///< of a pick: choose or nobody
    std::chrono::nanoseconds cost;  ///< within the policy; 0 without a clock
    bool by_default;                ///< the built-in default made it instead
};

/// Is told what a guarded policy decides, and what becomes of it: to be written down, counted,
/// compared. On the policy's thread and on the path of the data, so it must not wait; must not
/// throw. A program that has no clock and does no I/O, such as a simulator, may have one as well.
class DecisionRecorder {
  public:
    virtual ~DecisionRecorder() = default;

    /// After each decision, the policy's own or the default's.
    virtual void on_decision(Decision const& decision) = 0;

    /// What was asked of this source has come, or will not; after the policy was told.
    virtual void on_outcome(SourceView const& source, OutcomeView const& outcome) = 0;
};

}  // namespace xfsbus::policies
