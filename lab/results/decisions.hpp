#pragma once

#include "experiment/experiment.hpp"
#include "results/run.hpp"

#include <optional>
#include <string>
#include <vector>

namespace xfsbus::lab::results {

/// Of a run; empty if it failed, or nobody counted them.
std::optional<Decisions> decisions_of(Outcome const& outcome);

/// What one took, in the mean; 0 without any.
double microseconds_each(Decisions const& decisions);

/// A line for a terminal: what a decision of each policy took, in the order of the experiment;
/// empty where nobody counted them.
std::string decisions_line(experiment::Experiment const& experiment,
                           std::vector<Outcome> const& outcomes);

}  // namespace xfsbus::lab::results
