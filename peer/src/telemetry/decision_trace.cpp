#include "telemetry/decision_trace.hpp"

#include <utility>

namespace xfsbus::peer::telemetry {
namespace {

SourceSeen as_seen(policies::SourceView const& source) {
    SourceSeen seen{source, source.endpoint, source.labels};
    seen.view.endpoint = nullptr;
    seen.view.labels = nullptr;
    return seen;
}

}  // namespace

DecisionTrace::DecisionTrace(std::unique_ptr<TraceFile> file, std::function<std::uint64_t()> now_us)
    : file_(std::move(file)), now_us_(std::move(now_us)), begun_us_(now_us_()) {}

void DecisionTrace::on_begun(PolicyUsed policy, PolicyUsed chunk_order) {
    file_->put(TraceBegun{std::move(policy), std::move(chunk_order)});
}

void DecisionTrace::on_policy(PolicyUsed policy) {
    file_->put(PolicySwapped{t_us(), std::move(policy)});
}

void DecisionTrace::on_chunk_order(PolicyUsed order) {
    file_->put(OrderSwapped{t_us(), std::move(order)});
}

void DecisionTrace::on_transfer(TransferBegun begun) {
    begun.t_us = t_us();
    file_->put(std::move(begun));
}

void DecisionTrace::on_damaged(FilesDamaged files) {
    files.t_us = t_us();
    file_->put(std::move(files));
}

void DecisionTrace::on_decision(policies::Decision const& decision) {
    DecisionMade made{.t_us = t_us(),
                      .operation = decision.operation,
                      .request = decision.request,
                      .sources = {},
                      .answer = decision.answer,
                      .cost_ns = decision.cost.count(),
                      .by_default = decision.by_default};
    made.sources.reserve(decision.sources.size());
    for (auto const& source : decision.sources) {
        made.sources.push_back(as_seen(source));
    }
    file_->put(std::move(made));
}

void DecisionTrace::on_outcome(policies::SourceView const& source,
                               policies::OutcomeView const& outcome) {
    file_->put(RequestEnded{t_us(), source.endpoint, outcome});
}

}  // namespace xfsbus::peer::telemetry
