#include <xfsbus/swarm/source_history.hpp>

#include <algorithm>

namespace xfsbus::swarm {

void SourceHistory::note(SourceId source, double bytes_per_second, wire::Time now) {
    if (entries_.size() >= most && !entries_.contains(source)) {
        entries_.erase(std::ranges::min_element(entries_, {},
                                                [](auto const& entry) { return entry.second.at; }));
    }
    entries_[source] = {bytes_per_second, now};
}

std::optional<SourceHistory::Entry> SourceHistory::find(SourceId source) const {
    auto const found = entries_.find(source);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace xfsbus::swarm
