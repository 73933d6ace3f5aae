#pragma once

#include "model_parts.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// The plainest possible model of a Directory, for random runs.
namespace xfsbus::tracker::test {

struct Model {
    std::list<ModelPeer> peers;
    std::list<ModelFind> finds;
    std::list<ModelRegistration> registrations;
    std::set<std::string> closed;
    bool ends_are_told = false;
    std::set<std::string> just_closed;  ///< found out by answering
    std::map<std::uint64_t, Rows> answers;

    ModelPeer* at(std::string const& route) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.route == route; });
        return found == peers.end() ? nullptr : &*found;
    }

    ModelPeer* with(std::uint32_t number) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.number == number; });
        return found == peers.end() ? nullptr : &*found;
    }

    ModelPeer* on(std::uint16_t port) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.port == port; });
        return found == peers.end() ? nullptr : &*found;
    }

    void heard(ModelPeer& peer, wire::Time now) {
        peer.heard = now;
        peer.check.reset();
        resolve(peer.number);
        registrations.remove_if([&](auto const& waiting) {
            bool const refused = waiting.holders.contains(peer.number);
            if (refused && closed.contains(waiting.route)) {
                just_closed.insert(waiting.route);
            }
            return refused;
        });
    }

    void resolve(std::uint32_t number) {
        for (auto& find : finds) {
            find.waiting.erase(number);
        }
    }

    void forget(std::uint32_t number) {
        resolve(number);
        for (auto& waiting : registrations) {
            waiting.holders.erase(number);
        }
        peers.remove_if([&](auto const& peer) { return peer.number == number; });
    }

    /// Forgets the peer, or moves it, if it waits to come back.
    void lose(std::uint32_t number, wire::Time now) {
        for (auto it = registrations.begin(); it != registrations.end(); ++it) {
            auto const* other = on(it->port);
            if (it->number == number && it->holders == std::set{number} &&
                (other == nullptr || other->number == number)) {
                auto const heir = *it;
                registrations.erase(it);
                return admit(heir, now);
            }
        }
        forget(number);
    }

    void lose_if(auto const& condition, wire::Time now) {
        std::vector<std::uint32_t> lost;
        for (auto& peer : peers) {
            if (condition(peer)) {
                lost.push_back(peer.number);
            }
        }
        for (auto const number : lost) {
            lose(number, now);
        }
    }

    bool may_be_there(ModelPeer& peer, wire::Time now) {
        if (ping(peer, now)) {
            return false;
        }
        peer.check = peer.check.value_or(now + tracker::Directory::check_time);
        return true;
    }

    void enter(ModelRegistration wanted, wire::Time now) {
        registrations.remove_if([&](auto const& waiting) { return waiting.route == wanted.route; });
        if (auto* former = at(wanted.route); former != nullptr && former->number != wanted.number) {
            forget(former->number);
        }
        if (auto* same = with(wanted.number);
            same != nullptr && same->route != wanted.route && may_be_there(*same, now)) {
            wanted.holders.insert(same->number);
        }
        for (auto* other = on(wanted.port); other != nullptr && other->number != wanted.number;
             other = on(wanted.port)) {
            if (may_be_there(*other, now)) {
                wanted.holders.insert(other->number);
                break;
            }
            lose(other->number, now);
        }
        wanted.holders.empty() ? admit(wanted, now) : registrations.push_back(wanted);
    }

    /// Two checks that end at the same moment would decide about it, and it is not said which ends
    /// first.
    bool order_matters(std::string const& route, std::uint32_t number, std::uint16_t port) {
        auto const* same = with(number);
        auto const* other = on(port);
        bool const two = same != nullptr && other != nullptr && same != other;
        return two || std::any_of(registrations.begin(), registrations.end(), [&](auto const& one) {
                   return one.route != route && (one.number == number || one.port == port);
               });
    }

    void admit(ModelRegistration const& wanted, wire::Time now) {
        if (with(wanted.number) == nullptr) {
            peers.push_back({});
            peers.back().number = wanted.number;
        }
        ModelPeer& peer = *with(wanted.number);
        peer.route = wanted.route;
        peer.port = wanted.port;
        peer.silent = wanted.silent;
        peer.accepted = 0;
        peer.listing = false;
        peer.pinged.reset();
        peer.seen = false;
        heard(peer, now);
        if (closed.contains(peer.route)) {
            just_closed.insert(peer.route);
        }
    }

    static void apply(ModelPeer& peer, wire::Update const& update) {
        if (update.full_begin) {
            peer.listing = true;
            peer.named.clear();
        }
        peer.accepted = update.sequence;
        for (auto const& name : update.removed) {
            peer.files.erase(name);
        }
        for (auto const& file : update.added) {
            peer.files[file.name] = {file.content.bytes[3], file.have_ppm};
            peer.named.insert(file.name);
        }
        if (update.full_end) {
            std::erase_if(peer.files,
                          [&](auto const& file) { return !peer.named.contains(file.first); });
            peer.listing = false;
        }
    }

    static bool is_source(ModelPeer const& peer, ModelFind const& find) {
        return std::any_of(peer.files.begin(), peer.files.end(),
                           [&](auto const& file) { return find.names(file.first, file.second); });
    }

    /// True if the peer, sent a Ping, is found closed.
    bool ping(ModelPeer& peer, wire::Time now) {
        peer.pinged = now;
        return closed.contains(peer.route);
    }

    void check_all(ModelFind& find, wire::Time now) {
        for (auto& peer : peers) {
            peer.seen = false;
        }
        for (bool lost = true; lost;) {
            std::set<std::uint32_t> dead;
            for (auto& peer : peers) {
                if (is_source(peer, find) && !std::exchange(peer.seen, true) &&
                    !check(peer, find, now)) {
                    dead.insert(peer.number);
                }
            }
            lose_if([&](auto const& peer) { return dead.contains(peer.number); }, now);
            lost = !dead.empty();
        }
    }

    /// False: its connection is closed.
    bool check(ModelPeer& peer, ModelFind& find, wire::Time now) {
        bool const just = peer.pinged && now - *peer.pinged < tracker::Directory::ping_pause;
        bool const stale = find.started - peer.heard >= fresh;
        if (ends_are_told && !stale) {
            return true;
        }
        if (!(just && (!stale || peer.check)) && ping(peer, now)) {
            return false;
        }
        if (stale) {
            peer.check = peer.check.value_or(now + tracker::Directory::check_time);
            find.waiting.insert(peer.number);
        }
        return true;
    }

    /// Answers the finds that wait for nobody.
    void settle(wire::Time now) {
        while (settle_one(now)) {
        }
    }

    bool settle_one(wire::Time now) {
        if (!just_closed.empty()) {
            auto const route = just_closed.extract(just_closed.begin()).value();
            if (auto const* peer = at(route)) {
                lose(peer->number, now);
            }
            return true;
        }
        for (auto it = finds.begin(); it != finds.end(); ++it) {
            if (it->waiting.empty() && answer(*it, now)) {
                finds.erase(it);
                return true;  // what this one found out may be what another waited for
            }
        }
        auto const free = std::find_if(registrations.begin(), registrations.end(),
                                       [](auto const& one) { return one.holders.empty(); });
        if (free != registrations.end()) {
            auto const wanted = *free;
            registrations.erase(free);
            enter(wanted, now);
            return true;
        }
        return false;
    }

    /// False: it waits.
    bool answer(ModelFind& find, wire::Time now) {
        check_all(find, now);
        if (!find.waiting.empty()) {
            return false;
        }
        Rows& rows = answers[find.request];
        for (auto const& peer : peers) {
            for (auto const& [name, file] : peer.files) {
                if (find.names(name, file)) {
                    rows.insert({name, file.content, peer.number, file.have_ppm});
                }
            }
        }
        return true;
    }

    void tick(wire::Time now) {
        auto const lost = [&](ModelPeer& peer) {
            if (peer.due() > now) {
                return false;
            }
            if ((peer.check && *peer.check <= now) || !peer.silent || ping(peer, now)) {
                return true;
            }
            peer.check = now + tracker::Directory::check_time;
            return false;
        };
        lose_if(lost, now);
        settle(now);
    }

    std::optional<wire::Time> next_deadline() const {
        std::optional<wire::Time> next;
        for (auto const& peer : peers) {
            next = next ? std::min(*next, peer.due()) : peer.due();
        }
        return next;
    }
};

}  // namespace xfsbus::tracker::test
