#include <xfsbus/swarm/deliveries.hpp>

#include <algorithm>
#include <cmath>

namespace xfsbus::swarm {

void Deliveries::add(wire::Time now, wire::Endpoint const& from, std::uint64_t bytes) {
    if (entries_.size() >= most && !entries_.contains(from)) {
        entries_.erase(std::ranges::min_element(entries_, {},
                                                [](auto const& entry) { return entry.second.at; }));
    }
    auto& entry = entries_[from];
    entry = {kept(entry, now) + static_cast<double>(bytes), now};
}

double Deliveries::bytes_per_second(wire::Endpoint const& from, wire::Time now) const {
    auto const found = entries_.find(from);
    return found == entries_.end()
               ? 0
               : kept(found->second, now) / std::chrono::duration<double>(memory).count();
}

double Deliveries::kept(Entry const& entry, wire::Time now) {
    std::chrono::duration<double> const age = now - entry.at;
    return entry.bytes * std::exp(-age / std::chrono::duration<double>(memory));
}

}  // namespace xfsbus::swarm
