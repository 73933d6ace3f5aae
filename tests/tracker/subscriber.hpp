#pragma once

#include "simulated.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace xfsbus::tracker::test {

inline constexpr auto gathering = Directory::gathering_time;

/// A subscription, one question after the other, and what it knows by it.
class Subscriber {
  public:
    Subscriber(Simulated& world, std::string pattern, wire::Sender its_sender = {"sub", "10.0.0.9"},
               bool peers = false)
        : sender(std::move(its_sender)),
          question{std::move(pattern), "", 0, 0, peers},
          world_(world) {}

    void ask() {
        asked_at_ = world_.out.sent.size();
        world_.send(sender, question, ++request_);
    }

    /// The answer to the last question, which is taken in; nullopt: it waits.
    std::optional<wire::Changes> answer() {
        for (std::size_t i = asked_at_; i < world_.out.sent.size(); ++i) {
            auto const& item = world_.out.sent[i];
            auto const* changes = std::get_if<wire::Changes>(&item.message);
            if (changes != nullptr && item.route == sender.route && item.request == request_) {
                take(*changes);
                return *changes;
            }
        }
        return std::nullopt;
    }

    wire::Changes ask_and_get() {
        ask();
        auto const changes = answer();
        REQUIRE(changes);
        return *changes;
    }

    /// All pages of the list.
    void list() {
        while (!ask_and_get().next.empty()) {
        }
    }

    /// Asks, lets changes gather, and has the answer.
    wire::Changes ask_and_wait() {
        ask();
        world_.pass(gathering);
        auto const changes = answer();
        REQUIRE(changes);
        return *changes;
    }

    /// Complete and partial holders of what is known.
    using Known = std::map<std::pair<std::string, wire::ContentId>, std::pair<unsigned, unsigned>>;

    wire::Sender sender;
    wire::Subscribe question;
    Known known;
    /// The peers that are known, with where they listen.
    std::map<wire::PeerId, wire::PeerEntry> peers;
    unsigned lists = 0;  ///< that have begun

  private:
    void take(wire::Changes const& changes) {
        question.epoch = changes.epoch;
        question.sequence = changes.sequence;
        question.after = changes.next;
        if (changes.begin) {
            known.clear();
            peers.clear();
            ++lists;
        }
        for (auto const& each : changes.files) {
            if (each.complete + each.partial == 0) {
                known.erase({each.name, each.content});
            } else {
                known[{each.name, each.content}] = {each.complete, each.partial};
            }
        }
        for (auto const& each : changes.peers) {
            peers.insert_or_assign(each.peer, each);
        }
        for (auto const& each : changes.gone) {
            peers.erase(each);
        }
    }

    Simulated& world_;
    std::uint64_t request_ = 0;
    std::size_t asked_at_ = 0;
};

}  // namespace xfsbus::tracker::test
