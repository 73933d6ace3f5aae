#pragma once

#include "experiment/experiment.hpp"
#include "experiment/table_reader.hpp"

#include <cstdint>

namespace xfsbus::lab::experiment {

/// Complain of what real programs cannot do: the simulator can do all. `peers`: how many there are
/// up to this group.
void check_where(TableReader& table, Where where, Group const& group, std::uint64_t peers);
void check_where(TableReader& table, Where where, Network const& network);
void check_where(TableReader& table, Where where, Latencies const& latencies);
void check_where(TableReader& table, Where where, Content const& content);
void check_where(TableReader& table, Where where, Fetching const& fetching);

/// Of a platform: real programs have none.
void check_platform(TableReader& table, Where where);

}  // namespace xfsbus::lab::experiment
