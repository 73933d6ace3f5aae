#include <xfsbus/swarm/openings.hpp>

namespace xfsbus::swarm {
namespace {

constexpr auto renewal = std::chrono::seconds(1);  ///< of a host's allowance

}  // namespace

bool Openings::take(wire::Time now, SinkRoute const& route, std::string const& name) {
    forget_silent(now);
    all_.refill(now, limits_.of_all_most);
    auto& host =
        hosts_.try_emplace(name, Host{Allowance{limits_.of_host_most, now}, {}}).first->second;
    host.allowance.refill(now, limits_.of_host_most);
    if (!is_its_turn(now, route, host)) {
        wait(now, route, host);
        return false;
    }
    --host.allowance.left;
    --all_.left;
    leave(route, host);
    return true;
}

/// Whether there is more left than those of its host take that come before it.
bool Openings::is_its_turn(wire::Time now, SinkRoute const& route, Host const& host) const {
    bool const had_none = host.allowance.left == limits_.of_host_most;
    auto const kept = had_none ? 0 : limits_.of_new_hosts;
    auto left = host.allowance.left;
    if (left == 0 || all_.left <= kept) {
        return false;
    }
    for (auto const& [ticket, waiter] : host.line) {
        if (waiter.route == route) {
            return true;
        }
        if (now - waiter.asked < limits_.lasts && --left == 0) {
            return false;
        }
    }
    return true;
}

void Openings::wait(wire::Time now, SinkRoute const& route, Host& host) {
    if (auto const found = tickets_.find(route); found != tickets_.end()) {
        host.line.at(found->second).asked = now;
    } else if (tickets_.size() < limits_.waiting_most) {
        host.line.emplace(++last_ticket_, Waiter{route, now});
        tickets_.emplace(route, last_ticket_);
    }
}

void Openings::leave(SinkRoute const& route, Host& host) {
    if (auto const found = tickets_.find(route); found != tickets_.end()) {
        host.line.erase(found->second);
        tickets_.erase(found);
    }
}

/// Once a second. A host that has not been heard of for a second has all of its allowance again, as
/// if it had never asked.
void Openings::forget_silent(wire::Time now) {
    if (now - swept_ < renewal) {
        return;
    }
    swept_ = now;
    for (auto& [name, host] : hosts_) {
        std::erase_if(host.line, [&](auto const& entry) {
            bool const silent = now - entry.second.asked >= limits_.lasts;
            if (silent) {
                tickets_.erase(entry.second.route);
            }
            return silent;
        });
    }
    std::erase_if(hosts_, [&](auto const& entry) {
        return entry.second.line.empty() && now - entry.second.allowance.since >= renewal;
    });
}

}  // namespace xfsbus::swarm
