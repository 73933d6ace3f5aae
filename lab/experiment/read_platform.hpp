#pragma once

#include "experiment/experiment.hpp"
#include "experiment/parse.hpp"
#include "experiment/table_reader.hpp"

namespace xfsbus::lab::experiment {

/// Reads [platform] into an experiment that has its groups: where the peers stand, what their links
/// are, and the latency between any two.
void read_platform(TableReader& table, Experiment& experiment, Files const& files);

}  // namespace xfsbus::lab::experiment
