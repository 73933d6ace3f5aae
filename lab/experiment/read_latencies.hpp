#pragma once

#include "experiment/experiment.hpp"
#include "experiment/parse.hpp"
#include "experiment/table_reader.hpp"

namespace xfsbus::lab::experiment {

/// Reads [latency] into an experiment that has its groups.
void read_latencies(TableReader& table, Experiment& experiment, Where where, Files const& files);

}  // namespace xfsbus::lab::experiment
