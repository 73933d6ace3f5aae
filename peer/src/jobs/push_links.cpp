#include "jobs/push_links.hpp"

#include <algorithm>

namespace xfsbus::peer::jobs {

Result<std::shared_ptr<net::Link>> PushLinks::begin(wire::Time now, wire::Endpoint const& peer) {
    if (auto const held = held_.find(peer); held != held_.end()) {
        ++held->second.questions;
        return held->second.link;
    }
    if (!make_room(now, peer)) {
        return std::shared_ptr<net::Link>();
    }
    auto link = links_.to(peer);
    if (link) {
        held_[peer] = {*link, 1};
    }
    return link;
}

void PushLinks::end(wire::Time now, wire::Endpoint const& peer, bool keep) {
    auto const held = held_.find(peer);
    if (held == held_.end()) {
        return;
    }
    --held->second.questions;
    if (!keep && held->second.questions == 0) {
        held_.erase(held);
        closed_at_.push_back(now + closing_for);
    }
}

bool PushLinks::make_room(wire::Time now, wire::Endpoint const& peer) {
    while (!closed_at_.empty() && closed_at_.front() <= now) {
        closed_at_.pop_front();
    }
    auto const full = [&] {
        return held_.size() + closed_at_.size() >= links_.share_of_a_job() ||
               !links_.room_for(peer);
    };
    if (full()) {
        give_up_one(now);  // its descriptors are free a little later
    }
    return !full();
}

void PushLinks::give_up_one(wire::Time now) {
    auto const idle =
        std::ranges::find_if(held_, [](auto const& entry) { return entry.second.questions == 0; });
    if (idle != held_.end()) {
        held_.erase(idle);
        closed_at_.push_back(now + closing_for);
    }
}

std::optional<wire::Time> PushLinks::next_room() const {
    return closed_at_.empty() ? std::nullopt : std::optional(closed_at_.front());
}

}  // namespace xfsbus::peer::jobs
