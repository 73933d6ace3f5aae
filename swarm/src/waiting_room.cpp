#include <xfsbus/swarm/waiting_room.hpp>

namespace xfsbus::swarm {

void WaitingRoom::note(wire::Time now, std::string const& route, std::string const& host) {
    if (auto const found = tickets_.find(route); found != tickets_.end()) {
        auto& waiter = waiters_.at(found->second);
        if (now - waiter.asked < limits_.lasts) {
            waiter.asked = now;
            return;
        }
        leave(route);  // it begins anew
    }
    if (waiters_.size() < limits_.most) {
        waiters_[++last_ticket_] = {route, host, now, now};
        tickets_[route] = last_ticket_;
    }
}

void WaitingRoom::leave(std::string const& route) {
    if (auto const found = tickets_.find(route); found != tickets_.end()) {
        waiters_.erase(found->second);
        tickets_.erase(found);
    }
}

void WaitingRoom::forget_silent(wire::Time now) {
    std::erase_if(waiters_, [&](auto const& entry) {
        bool const silent = now - entry.second.asked >= limits_.lasts;
        if (silent) {
            tickets_.erase(entry.second.route);
        }
        return silent;
    });
}

bool WaitingRoom::has_waited_long(wire::Time now, std::string const& route) const {
    auto const found = tickets_.find(route);
    if (found == tickets_.end()) {
        return false;
    }
    auto const& waiter = waiters_.at(found->second);
    return now - waiter.since >= limits_.long_after && now - waiter.asked < limits_.lasts;
}

}  // namespace xfsbus::swarm
