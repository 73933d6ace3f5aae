#pragma once

#include "telemetry/trace_file.hpp"

#include <xfsbus/policies/host/decision_recorder.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace xfsbus::peer::telemetry {

/// Makes records of what policies decide, and hands them to a file. Reactor thread.
class DecisionTrace final : public policies::DecisionRecorder {
  public:
    /// now_us: a steady clock; the trace begins now.
    DecisionTrace(std::unique_ptr<TraceFile> file, std::function<std::uint64_t()> now_us);

    void on_begun(PolicyUsed policy, PolicyUsed chunk_order);
    void on_policy(PolicyUsed policy);
    void on_chunk_order(PolicyUsed order);
    /// t_us is filled in.
    void on_transfer(TransferBegun begun);
    /// Before the outcome of their chunk.
    void on_damaged(FilesDamaged files);
    void on_decision(policies::Decision const& decision) override;
    void on_outcome(policies::SourceView const& source,
                    policies::OutcomeView const& outcome) override;

    [[nodiscard]] TraceInfo info() const { return file_->info(); }

  private:
    [[nodiscard]] std::uint64_t t_us() const { return now_us_() - begun_us_; }

    std::unique_ptr<TraceFile> file_;
    std::function<std::uint64_t()> now_us_;
    std::uint64_t begun_us_;
};

}  // namespace xfsbus::peer::telemetry
