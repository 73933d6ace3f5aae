#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>

namespace xfsbus::swarm {

// A few small things that are looked at often, side by side and in the order of their keys. What
// is inserted or erased moves the others: references to them are good no more. (In Boost 1.74 the
// iterator that a flat_map's try_emplace returns is no good; that of emplace is.)

template <typename Key, typename Value>
using SmallMap = boost::container::flat_map<Key, Value>;

template <typename Key>
using SmallSet = boost::container::flat_set<Key>;

}  // namespace xfsbus::swarm
