#pragma once

#include "experiment/experiment.hpp"
#include "experiment/table_reader.hpp"

namespace xfsbus::lab::experiment {

/// Reads [[peers]].
void read_groups(TableReader& file, Experiment& experiment, Where where);

}  // namespace xfsbus::lab::experiment
