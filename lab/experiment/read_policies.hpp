#pragma once

#include "experiment/experiment.hpp"
#include "experiment/table_reader.hpp"

#include <string>
#include <vector>

namespace xfsbus::lab::experiment {

/// Complains if this is no FILE[:key=value,...]. Empty is none.
void check_spec(TableReader& table, std::string_view key, std::string const& spec);

/// Reads [[policy]]; a row whose parameters have several values becomes one for each combination.
/// Without any there is one, the product's own.
void read_policies(TableReader& file, std::vector<Policy>& policies);

}  // namespace xfsbus::lab::experiment
