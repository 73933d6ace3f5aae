#include "results/decisions.hpp"

#include "results/text.hpp"

#include <xfsbus/wire/name.hpp>

#include <cstddef>
#include <variant>

namespace xfsbus::lab::results {
namespace {

/// Of all runs of a policy; empty if none of them counted.
std::optional<Decisions> decisions_of(std::size_t policy, std::vector<Outcome> const& outcomes) {
    std::optional<Decisions> all;
    for (auto const& outcome : outcomes) {
        auto const more = outcome.policy == policy ? decisions_of(outcome) : std::nullopt;
        if (more) {
            auto const before = all.value_or(Decisions());
            all = {before.made + more->made, before.seconds + more->seconds};
        }
    }
    return all;
}

std::string name_of(experiment::Policy const& policy) {
    auto const parameters = parameters_text(policy);
    return wire::escape(policy.name + (parameters.empty() ? "" : " " + parameters));
}

}  // namespace

std::optional<Decisions> decisions_of(Outcome const& outcome) {
    auto const* const run = std::get_if<Run>(&outcome.what);
    return run != nullptr ? run->decisions : std::nullopt;
}

double microseconds_each(Decisions const& decisions) {
    constexpr double micro = 1e6;
    return decisions.made == 0 ? 0.0
                               : micro * decisions.seconds / static_cast<double>(decisions.made);
}

std::string decisions_line(experiment::Experiment const& experiment,
                           std::vector<Outcome> const& outcomes) {
    std::string text;
    for (std::size_t policy = 0; policy < experiment.policies.size(); ++policy) {
        if (auto const decisions = decisions_of(policy, outcomes)) {
            text += (text.empty() ? "a decision took " : ", ") +
                    number_text("%.2f us", microseconds_each(*decisions)) + " (" +
                    name_of(experiment.policies[policy]) + ")";
        }
    }
    return text.empty() ? text : text + "\n";
}

}  // namespace xfsbus::lab::results
