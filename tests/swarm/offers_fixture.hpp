#pragma once

#include <xfsbus/swarm/swarm_offers.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;

using Chunks = std::vector<std::uint32_t>;
using Set = std::set<std::uint32_t>;

inline Set members(ChunkSet const& set) {
    Set all;
    set.for_each([&](std::uint32_t chunk) { all.insert(chunk); });
    return all;
}

/// Those of `set` that are not among the others.
inline Set without(Set const& set, Set const& others) {
    Set rest;
    std::ranges::set_difference(set, others, std::inserter(rest, rest.end()));
    return rest;
}

inline Set all_of(std::uint32_t chunks) {
    return members(ChunkSet::full(chunks));
}

/// The offers of a peer that has these chunks of one content, and what its sinks were told.
class Peer {
  public:
    explicit Peer(ChunkSet has, std::uint64_t seed = 1)
        : core(seed),
          content_(std::make_shared<ContentState>(
              wire::ContentId{}, wire::FileLayout{has.chunks() * 100ULL, 100, has.chunks()},
              std::move(has))) {}

    explicit Peer(std::uint32_t chunks, std::uint64_t seed = 1)
        : Peer(ChunkSet::full(chunks), seed) {}

    SwarmOffers core;
    wire::Time now{1000s};
    Set blocking;                          ///< sinks that let nothing be sent
    std::map<std::uint32_t, Set> known;    ///< what each sink knows to be offered
    std::map<std::uint32_t, int> told;     ///< how often
    std::map<std::uint32_t, Set> dealt;    ///< what each was told last, if that was just now
    std::map<std::uint32_t, bool> narrow;  ///< whether that is a part of what is here
    int early_copies = 0;                  ///< that left while other chunks had never left

    void open(std::uint32_t number, bool swarm = true) {
        views_[number] = core.open(now, transfer(number), content_, swarm);
        numbers_[transfer(number)] = number;
    }

    void close(std::uint32_t number) {
        core.close(transfer(number));
        known.erase(number);
        narrow.erase(number);
    }

    void gain(std::uint32_t chunk) {
        if (content_->gained(chunk)) {
            core.gained(content_->id(), chunk);
        }
    }

    void sink_has(std::uint32_t number, Chunks const& chunks) {
        core.sink_has(transfer(number), chunks);
    }

    void sink_has_all(std::uint32_t number) {
        core.sink_has(transfer(number), ChunkSet::full(content_->layout().chunks));
    }

    [[nodiscard]] Set awaited(std::uint32_t number) const {
        return members(*views_.at(number).awaited);
    }

    void ask(std::uint32_t number, std::uint32_t chunk) { core.asked(transfer(number), chunk); }

    void send(std::uint32_t number, std::uint32_t chunk) {
        early_copies += copies(number, chunk) > 0 && lacks_copies(number) ? 1 : 0;
        core.sent(now, transfer(number), chunk);
    }

    void serve(std::uint32_t number, std::uint32_t chunk) {
        ask(number, chunk);
        send(number, chunk);
    }

    void take() {
        dealt.clear();
        auto const blocks = [&](auto const& id) { return blocking.contains(numbers_.at(id)); };
        for (auto const& news : core.take(now, blocks)) {
            auto const number = numbers_.at(news.transfer);
            if (news.replaces) {
                known[number] = members(news.has);
                dealt[number] = known[number];
                narrow[number] = !news.has.complete();
            }
            known[number].insert(news.gained.begin(), news.gained.end());
            dealt[number].insert(news.gained.begin(), news.gained.end());
            ++told[number];
        }
    }

    void open_and_take(Chunks const& numbers) {
        for (auto const number : numbers) {
            open(number);
        }
        take();
    }

    [[nodiscard]] std::uint32_t copies(std::uint32_t number, std::uint32_t chunk) const {
        return (*views_.at(number).copies)[chunk];
    }

  private:
    /// Something that is here has never left.
    [[nodiscard]] bool lacks_copies(std::uint32_t number) const {
        bool lacks = false;
        content_->has().for_each(
            [&](std::uint32_t chunk) { lacks = lacks || copies(number, chunk) == 0; });
        return lacks;
    }

    static wire::TransferId transfer(std::uint32_t number) {
        wire::TransferId id;
        id.bytes[0] = static_cast<std::uint8_t>(number);
        return id;
    }

    std::shared_ptr<ContentState> content_;
    std::map<wire::TransferId, std::uint32_t> numbers_;
    std::map<std::uint32_t, SwarmOffers::View> views_;
};

}  // namespace xfsbus::swarm::test
