#include <xfsbus/swarm/held_chunks.hpp>

#include <algorithm>

namespace xfsbus::swarm {

void HeldChunks::hold(wire::Time now, std::uint32_t chunk, Held how) {
    if (held_.size() >= most && !held_.contains(chunk)) {
        held_.erase(std::ranges::min_element(held_, {},
                                             [](auto const& entry) { return entry.second.until; }));
    }
    auto const [entry, is_new] = held_.try_emplace(chunk, how);
    auto const since = is_new ? now : entry->second.since;
    entry->second = how;
    entry->second.since = since;
}

void HeldChunks::on_news(wire::Time now) {
    for (auto& [chunk, how] : held_) {
        how.until = std::min(how.until, now);
    }
}

void HeldChunks::on_news_of(wire::Time now, std::uint32_t chunk) {
    if (auto const found = held_.find(chunk); found != held_.end()) {
        found->second.until = std::min(found->second.until, now);
    }
}

void HeldChunks::on_news_of(wire::Time now, SourceId source) {
    for (auto& [chunk, how] : held_) {
        if (!how.waits_for || how.waits_for == source) {
            how.until = std::min(how.until, now);
        }
    }
}

std::vector<std::uint32_t> HeldChunks::held(wire::Time now) const {
    std::vector<std::uint32_t> chunks;
    for (auto const& [chunk, how] : held_) {
        if (how.until > now) {
            chunks.push_back(chunk);
        }
    }
    return chunks;
}

HeldChunks::Held const* HeldChunks::find(std::uint32_t chunk) const {
    auto const found = held_.find(chunk);
    return found == held_.end() ? nullptr : &found->second;
}

std::uint64_t HeldChunks::bytes_for(wire::Time now, SourceId source) const {
    std::uint64_t bytes = 0;
    for (auto const& [chunk, how] : held_) {
        bytes += how.waits_for == source && how.until > now ? how.bytes : 0;
    }
    return bytes;
}

std::optional<wire::Time> HeldChunks::next(wire::Time now) const {
    std::optional<wire::Time> next;
    for (auto const& [chunk, how] : held_) {
        if (how.until > now) {
            next = next ? std::min(*next, how.until) : how.until;
        }
    }
    return next;
}

}  // namespace xfsbus::swarm
