#include "policy_text.hpp"

#include "sizes.hpp"
#include "table.hpp"

#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace xfsbus::console {
namespace {

constexpr std::size_t shown_hash_digits = 16;

std::string each_of(double seconds, std::uint64_t count) {
    return show_span(seconds / static_cast<double>(std::max<std::uint64_t>(count, 1)));
}

/// Where a policy is from, which build of it this is, and its parameters.
std::string origin_of(peer::PolicyInfo const& policy) {
    auto text = fmt::format("  from {}, SHA-256 {}...", wire::escape(policy.path.string()),
                            policy.hash.substr(0, shown_hash_digits));
    for (auto const& [name, value] : policy.parameters) {
        text += fmt::format("\n  {} = {}", wire::escape(name), wire::escape(value));
    }
    return text;
}

/// `what`: a decision of its, in the plural.
std::string counts_of(peer::PolicyInfo const& policy, std::string_view what) {
    return fmt::format(
        "  {} {}, {} faults, {} slow, {} over budget, {} made by the default instead; {} in all, "
        "{} "
        "each",
        policy.picks, what, policy.faults, policy.slow, policy.over_budget, policy.fallbacks,
        show_span(policy.seconds), each_of(policy.seconds, policy.picks));
}

std::string purpose_table(peer::PolicyInfo const& policy) {
    if (policy.purposes.empty()) {
        return {};
    }
    Rows rows = {{"QUESTION", "ASKED", "ONE_CANDIDATE", "FAULTS", "OVER_BUDGET", "TIME", "EACH"}};
    for (auto const& use : policy.purposes) {
        rows.push_back({use.purpose, std::to_string(use.asked), std::to_string(use.alone),
                        std::to_string(use.faults), std::to_string(use.over_budget),
                        show_span(use.seconds), each_of(use.seconds, use.asked)});
    }
    auto text = "\n" + aligned(rows, "  ");
    text.pop_back();
    return text;
}

std::string trace_line(peer::PolicyInfo const& policy) {
    if (!policy.trace) {
        return {};
    }
    auto const& trace = *policy.trace;
    auto const ended = trace.trouble.empty() ? "" : ", ended: " + wire::escape(trace.trouble);
    return fmt::format("\n  trace in {}: {} records, {} dropped{}",
                       wire::escape(trace.file.string()), trace.records, trace.dropped, ended);
}

}  // namespace

std::string policy_text(PoliciesInForce const& policies) {
    auto const& [selection, order, upload] = policies;
    auto text = fmt::format("{} {}: {}\n{}\n  seed {}\n{}{}\n", selection.name,
                            wire::escape(selection.version), wire::escape(selection.description),
                            origin_of(selection), selection.seed, counts_of(selection, "decisions"),
                            purpose_table(selection) + trace_line(selection));
    text += fmt::format("chunks in the order of {} {}\n{}\n{}\n", order.name,
                        wire::escape(order.version), origin_of(order), counts_of(order, "batches"));
    if (upload.path.empty()) {
        return text + fmt::format("peers are served by {}, built in", upload.name);
    }
    return text + fmt::format("peers are served by {} {}\n{}\n{}", upload.name,
                              wire::escape(upload.version), origin_of(upload),
                              counts_of(upload, "decisions"));
}

}  // namespace xfsbus::console
