#include "bus/connections.hpp"

#include <functional>
#include <iterator>
#include <queue>
#include <string_view>
#include <tuple>

namespace xfsbus::bus {
namespace {

/// Less is no message that somebody waits for: the greeting, and what else ZMTP says by itself.
constexpr std::uint64_t noise_bytes = 4 * 1024;

}  // namespace

// ---- what happens ----

wire::Route Connections::opened(int fd, std::uint64_t cookie, std::string host, wire::Time now) {
    Account account;
    account.cookie = cookie;
    account.host = std::move(host);
    account.heard = now;
    account.turn_then = turn_;
    auto before = closed(fd);
    accounts_.emplace(fd, std::move(account));
    ++open_;
    make_room();
    return before;
}

void Connections::joined(int fd, wire::Route const& route) {
    auto const found = accounts_.find(fd);
    // What a connection left behind may come when its number is another's already.
    if (found != accounts_.end() && found->second.route.empty()) {
        found->second.route = route;
        routes_.insert_or_assign(route, fd);
    }
}

wire::Route Connections::closed(int fd) {
    auto node = accounts_.extract(fd);
    if (node.empty()) {
        return {};
    }
    open_ -= node.mapped().cut ? 0 : 1;
    routes_.erase(node.mapped().route);
    return std::move(node.mapped().route);
}

void Connections::delivered(int fd, std::uint64_t bytes, wire::Time now) {
    auto const found = accounts_.find(fd);
    if (found != accounts_.end()) {
        found->second.delivered += bytes;
        found->second.heard = now;
        found->second.spoke = true;
    }
}

void Connections::trust(int fd) {
    auto const found = accounts_.find(fd);
    if (found != accounts_.end()) {
        found->second.trusted = true;
    }
}

void Connections::sent(int fd, std::uint64_t bytes) {
    auto const found = accounts_.find(fd);
    if (found != accounts_.end()) {
        found->second.out += bytes;
    }
}

void Connections::sampled(int fd, std::uint64_t read, std::uint64_t acked) {
    auto const found = accounts_.find(fd);
    if (found != accounts_.end()) {
        found->second.read = read;
        found->second.acked = acked;
    }
}

void Connections::give_up(int fd, Why why) {
    auto const found = accounts_.find(fd);
    if (found != accounts_.end()) {
        cut(fd, found->second, why);
    }
}

// ---- rules ----

void Connections::judge(wire::Time now) {
    std::uint64_t unread = 0;
    suspects_ = false;
    for (auto& [fd, account] : accounts_) {
        note_unended(account, now);
        suspects_ = suspects_ || (account.unended_since && !account.trusted && !account.cut);
        bool const endless =
            account.unended(now) && (account.inside() > limits_.message_bytes ||
                                     now - *account.unended_since > limits_.message_time);
        if (endless) {
            cut(fd, account, Why::endless);
        }
        unread += account.cut ? 0 : account.unread();
    }
    crowd_ = unread > limits_.unread_bytes_of_all;
    judge_hosts(now);
    judge_waiting();
}

/// It had its turn, and nothing of it was handed over: so it has no whole message here.
void Connections::note_unended(Account& account, wire::Time now) const {
    bool const unended = turn_ > account.turn_then && account.delivered == account.delivered_then &&
                         account.inside() > noise_bytes;
    if (!unended) {
        account.unended_since.reset();
    } else if (!account.unended_since) {
        account.unended_since = now;
    }
    account.turn_then = turn_;
    account.delivered_then = account.delivered;
}

/// Many connections, each within its bound, must not do together what one must not.
void Connections::judge_hosts(wire::Time now) {
    std::map<std::string, std::vector<std::pair<std::uint64_t, int>>> unended;
    for (auto const& [fd, account] : accounts_) {
        if (account.unended(now) && !account.cut && !account.trusted) {
            unended[account.host].emplace_back(account.inside(), fd);
        }
    }
    for (auto& [host, of_host] : unended) {
        std::ranges::sort(of_host);
        std::uint64_t bytes = 0;
        for (auto const& [inside, fd] : of_host) {
            bytes += inside;
            if (bytes > limits_.unended_bytes_per_host) {
                cut(fd, accounts_.at(fd), Why::endless);
            }
        }
    }
}

void Connections::judge_waiting() {
    std::vector<std::pair<std::uint64_t, int>> waiting;
    for (auto const& [fd, account] : accounts_) {
        if (!account.cut && account.inside() > noise_bytes) {
            waiting.emplace_back(account.inside(), fd);
        }
    }
    std::ranges::sort(waiting);
    std::uint64_t bytes = 0;
    for (auto const& [inside, fd] : waiting) {
        bytes += inside;
        if (bytes > limits_.waiting_bytes) {
            cut(fd, accounts_.at(fd), Why::waiting);
        }
    }
}

/// Of the host that has most, first those that have never said anything, then those that have been
/// silent for longest. Some too many are let be for a moment, so that all are looked at but now and
/// then.
void Connections::make_room() {
    if (open_ <= limits_.most + limits_.most / 16) {
        return;
    }
    using Rank = std::tuple<bool, wire::Time, int>;
    std::map<std::string_view, std::vector<Rank>> of_host;
    for (auto const& [fd, account] : accounts_) {
        if (!account.cut) {
            of_host[account.host].emplace_back(account.spoke, account.heard, fd);
        }
    }
    std::priority_queue<std::pair<std::size_t, std::string_view>> hosts;
    for (auto& [host, ranks] : of_host) {
        std::ranges::sort(ranks, std::greater());  // the worst last
        hosts.emplace(ranks.size(), host);
    }
    while (open_ > limits_.most) {
        auto const host = hosts.top().second;
        hosts.pop();
        auto& ranks = of_host.at(host);
        int const worst = std::get<int>(ranks.back());
        ranks.pop_back();
        hosts.emplace(ranks.size(), host);
        cut(worst, accounts_.at(worst), Why::too_many);
    }
}

void Connections::cut(int fd, Account& account, Why why) {
    if (!std::exchange(account.cut, true)) {
        --open_;
        cuts_.push_back({fd, account.cookie, why, account.host});
    }
}

// ---- answers ----

bool Connections::crowded(int fd) const {
    auto const found = accounts_.find(fd);
    return found != accounts_.end() &&
           found->second.unread() > (crowd_ ? limits_.unread_bytes_then : limits_.unread_bytes);
}

std::optional<int> Connections::fd_of(wire::Route const& route) const {
    auto const found = routes_.find(route);
    return found == routes_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<int> Connections::descriptors() const {
    std::vector<int> all;
    all.reserve(accounts_.size());
    std::ranges::transform(accounts_, std::back_inserter(all),
                           [](auto& entry) { return entry.first; });
    return all;
}

char const* Connections::describe(Why why) {
    switch (why) {
        case Why::too_many:
            return "there is no room for more connections (ulimit -n bounds them)";
        case Why::endless:
            return "it sends a message that does not end";
        case Why::waiting:
            return "it sends more than can be taken";
        case Why::not_reading:
            break;
    }
    return "it does not read what it is sent";
}

}  // namespace xfsbus::bus
