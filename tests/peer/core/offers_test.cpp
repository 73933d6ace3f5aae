#include "core/swarm_offers.hpp"
#include "seeds.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::test;
using namespace std::chrono_literals;

namespace {

using Chunks = std::vector<std::uint32_t>;
using Set = std::set<std::uint32_t>;

wire::TransferId transfer(std::uint32_t number) {
    wire::TransferId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    return id;
}

Set members(ChunkSet const& set) {
    Set all;
    set.for_each([&](std::uint32_t chunk) { all.insert(chunk); });
    return all;
}

Set without(Set const& set, Set const& others) {
    Set rest;
    std::ranges::set_difference(set, others, std::inserter(rest, rest.end()));
    return rest;
}

Set all_of(std::uint32_t chunks) {
    return members(ChunkSet::full(chunks));
}

/// The offers of a peer that has these chunks of one content, and what its sinks were told.
class Peer {
  public:
    explicit Peer(ChunkSet has, std::uint64_t seed = 1)
        : core(seed), about_{has.chunks() * 100ULL, 100, has.chunks(), std::move(has)} {}

    explicit Peer(std::uint32_t chunks, std::uint64_t seed = 1)
        : Peer(ChunkSet::full(chunks), seed) {}

    SwarmOffers core;
    wire::Time now{1000s};
    std::map<std::uint32_t, Set> known;    ///< what each sink knows to be offered
    std::map<std::uint32_t, int> told;     ///< how often
    std::map<std::uint32_t, Set> dealt;    ///< what each was told last, if that was just now
    std::map<std::uint32_t, bool> narrow;  ///< whether that is a part of what is here

    void open(std::uint32_t number, bool swarm = true) {
        core.open(now, transfer(number), content_, about_, swarm);
        numbers_[transfer(number)] = number;
    }

    void close(std::uint32_t number) {
        core.close(transfer(number));
        known.erase(number);
        narrow.erase(number);
    }

    void gain(std::uint32_t chunk) {
        core.gained(content_, chunk);
        about_.has.insert(chunk);
    }

    void sink_has(std::uint32_t number, Chunks const& chunks) {
        core.sink_has(transfer(number), chunks);
    }

    void ask(std::uint32_t number, std::uint32_t chunk) { core.asked(transfer(number), chunk); }

    void send(std::uint32_t number, std::uint32_t chunk) {
        core.sent(now, transfer(number), chunk);
    }

    void serve(std::uint32_t number, std::uint32_t chunk) {
        ask(number, chunk);
        send(number, chunk);
    }

    void take() {
        dealt.clear();
        for (auto const& news : core.take(now)) {
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
        return core.copies(transfer(number), chunk);
    }

  private:
    wire::ContentId content_{};
    SwarmOffers::Content about_;
    std::map<wire::TransferId, std::uint32_t> numbers_;
};

}  // namespace

// ---- when less is offered than is here ----

TEST_CASE("a single sink is told of all there is at once") {
    Peer seed(20);
    seed.open_and_take({1});
    CHECK(seed.known[1] == all_of(20));
    CHECK_FALSE(seed.core.pending());
    seed.serve(1, 3);
    seed.take();
    CHECK(seed.told[1] == 1);
}

TEST_CASE("with a second sink each is offered other chunks, and no longer all") {
    Peer seed(20);
    seed.open_and_take({1});
    seed.open_and_take({2});
    CHECK(seed.told[1] == 2);
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.known[2].size() == 2);
    Set both = seed.known[1];
    both.insert(seed.known[2].begin(), seed.known[2].end());
    CHECK(both.size() == 4);
}

TEST_CASE("what a sink has asked for already is still offered to it") {
    Peer seed(20);
    seed.open_and_take({1});
    seed.ask(1, 7);
    seed.open_and_take({2});
    CHECK(seed.known[1].contains(7));
    CHECK_FALSE(seed.known[2].contains(7));
}

TEST_CASE("sinks that do not want to be told are told nothing and leave the others all") {
    Peer seed(20);
    seed.open(1);
    seed.open(2, false);
    seed.take();
    CHECK(seed.known[1] == all_of(20));
    CHECK_FALSE(seed.told.contains(2));
}

TEST_CASE("who has a part only offers it to all, and what comes") {
    ChunkSet part(20);
    part.insert(3);
    part.insert(4);
    Peer peer(part);
    peer.open_and_take({1, 2});
    CHECK(peer.known[1] == Set{3, 4});
    CHECK(peer.known[2] == Set{3, 4});
    peer.gain(7);
    peer.open(3);
    peer.take();
    for (std::uint32_t number = 1; number <= 3; ++number) {
        CHECK(peer.known[number] == Set{3, 4, 7});
    }
}

TEST_CASE("who has become complete while it served goes on offering all") {
    Peer peer{ChunkSet(3)};
    peer.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) {
        peer.gain(chunk);
    }
    peer.open_and_take({3});
    for (std::uint32_t number = 1; number <= 3; ++number) {
        CHECK(peer.known[number] == all_of(3));
    }
    CHECK_FALSE(peer.core.pending());
}

TEST_CASE("when every chunk has left once each sink is offered what it has not got, bit by bit") {
    Peer seed(8);
    seed.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
        seed.serve(1, chunk);
        seed.serve(2, chunk + 4);
    }
    seed.take();
    Set first{0, 1, 2, 3};
    Set second{4, 5, 6, 7};
    for (int left = 4; left > 0; --left) {
        auto const to_first = without(seed.known[1], first);
        auto const to_second = without(seed.known[2], second);
        REQUIRE_FALSE(to_first.empty());
        REQUIRE_FALSE(to_second.empty());
        seed.serve(1, *to_first.begin());
        seed.serve(2, *to_second.begin());
        first.insert(*to_first.begin());
        second.insert(*to_second.begin());
        seed.take();
    }
    CHECK(seed.core.early_copies() == 0);
}

TEST_CASE("when every chunk has left and nothing more leaves all is offered to all, for good") {
    Peer seed(4);
    seed.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
        seed.serve(1, chunk);
    }
    seed.take();
    CHECK(seed.known[2] != all_of(4));
    seed.now += 1s;
    seed.take();
    CHECK(seed.known[1] == all_of(4));
    CHECK(seed.known[2] == all_of(4));
    CHECK_FALSE(seed.core.pending());
    seed.serve(2, 0);
    seed.open_and_take({3});
    CHECK(seed.known[2] == all_of(4));
    CHECK(seed.known[3] == all_of(4));
}

TEST_CASE("when all but one sink have gone that one is told of all") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    CHECK(seed.known[2].size() == 2);
    seed.close(1);
    seed.take();
    CHECK(seed.known[2] == all_of(20));
}

TEST_CASE("what left is forgotten when the last sink has gone") {
    Peer peer{ChunkSet(3)};
    peer.open_and_take({1, 2});
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) {
        peer.gain(chunk);
        peer.serve(1, chunk);
    }
    peer.close(1);
    peer.close(2);
    CHECK_FALSE(peer.core.pending());
    peer.open_and_take({3, 4});  // now it is a seed
    CHECK(peer.copies(3, 0) == 0);
    CHECK(peer.known[3].size() + peer.known[4].size() == 3);
}

// ---- what is offered to whom ----

TEST_CASE("who asks quickly has more to choose from") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    auto const ask_for_all = [&] {
        for (auto const chunk : seed.known[1]) {
            seed.ask(1, chunk);
        }
    };
    ask_for_all();
    seed.take();
    CHECK(seed.known[1].size() == 2 + 4);
    CHECK(seed.known[2].size() == 2);
    auto const before = seed.known[1];
    seed.take();
    CHECK(seed.known[1] == before);
    ask_for_all();
    seed.take();
    CHECK(seed.known[1].size() == 6 + 8);
    CHECK(seed.known[2].size() == 2);
}

TEST_CASE("no more is offered than leaves in half a second, and before anything has left 16") {
    Peer seed(100);
    Chunks sinks(20);
    std::iota(sinks.begin(), sinks.end(), 1U);
    seed.open_and_take(sinks);
    auto const waiting = [&] {
        std::size_t all = 0;
        for (auto const& [number, chunks] : seed.known) {
            all += chunks.size();
        }
        return all;
    };
    CHECK(waiting() == 16);
    std::size_t sent = 0;
    while (sent < 16) {  // one in 50 ms
        for (auto const number : sinks) {
            for (auto const chunk : Set(seed.known[number])) {
                if (sent < 16 && seed.copies(number, chunk) == 0) {
                    seed.now += 50ms;
                    seed.serve(number, chunk);
                    ++sent;
                }
            }
        }
    }
    seed.take();
    CHECK(waiting() == 16 + 10);
}

TEST_CASE(
    "what a sink has not asked for after a second is taken back, and it gets no more for it") {
    Peer seed(100);
    seed.open_and_take({1, 2});
    Set got;
    for (int times = 1; times <= 30; ++times) {
        seed.now += 100ms;
        auto const chunk = *without(seed.known[1], got).begin();
        seed.serve(1, chunk);
        got.insert(chunk);
        seed.take();
        CHECK(seed.told[2] == 1 + times / 10);
        CHECK(seed.known[2].size() == 2);
    }
    CHECK(seed.core.early_copies() == 0);
}

TEST_CASE("a sink that leaves gives back what was offered to it") {
    Peer seed(6);
    seed.open_and_take({1, 2, 3});
    auto const of_third = seed.known[3];
    REQUIRE(of_third.size() == 2);
    seed.ask(3, *of_third.begin());
    seed.close(3);
    for (auto const chunk : Set(seed.known[1])) {
        seed.serve(1, chunk);
    }
    seed.take();
    auto const& first = seed.known[1];
    CHECK(std::ranges::includes(first, of_third));
}

TEST_CASE("what sinks have from elsewhere counts as having left") {
    Peer seed(8);
    seed.open(1);
    seed.open(2);
    seed.sink_has(1, {0, 1, 2, 3});
    seed.sink_has(2, {2, 3, 4, 5});
    seed.sink_has(2, {2, 99});  // told again, and what does not exist
    CHECK(seed.copies(1, 0) == 1);
    CHECK(seed.copies(1, 2) == 2);
    seed.take();
    Set both = seed.known[1];
    both.insert(seed.known[2].begin(), seed.known[2].end());
    CHECK(std::ranges::includes(both, Set{6, 7}));
    // With what has never left offered, each is offered what only the other has.
    auto const first = without(seed.known[1], {6, 7});
    auto const second = without(seed.known[2], {6, 7});
    CHECK(without(first, {4, 5}).empty());
    CHECK(without(second, {0, 1}).empty());
    CHECK(first.size() + second.size() == 2);
    seed.sink_has(1, {6, 7});
    seed.serve(1, 4);
    CHECK(seed.core.early_copies() == 0);
}

TEST_CASE("a chunk that was sent and is then said to be there has left once") {
    Peer seed(8);
    seed.open_and_take({1, 2});
    seed.serve(1, 3);
    seed.sink_has(1, {3});
    CHECK(seed.copies(1, 3) == 1);
}

TEST_CASE("a second seed that comes late offers what the first has not sent yet") {
    Peer second(100);
    for (std::uint32_t number = 1; number <= 4; ++number) {
        second.open(number);
        Chunks has(90);
        std::iota(has.begin(), has.end(), 0U);
        second.sink_has(number, has);
    }
    second.take();
    Set offered;
    for (auto const& [number, chunks] : second.known) {
        CHECK(chunks.size() == 2);
        offered.insert(chunks.begin(), chunks.end());
    }
    CHECK(offered.size() == 8);
    CHECK(*offered.begin() >= 90);
}

TEST_CASE("what is offered to whom is random, the same for a seed") {
    auto const offers = [](std::uint64_t seed) {
        Peer peer(100, seed);
        peer.open_and_take({1, 2, 3});
        return peer.known;
    };
    CHECK(offers(1) == offers(1));
    CHECK(offers(1) != offers(2));
}

TEST_CASE("copies that leave before everything has left once are counted") {
    Peer seed(3);
    seed.open_and_take({1, 2});
    seed.serve(1, 0);
    CHECK(seed.core.early_copies() == 0);
    seed.serve(2, 0);
    CHECK(seed.core.early_copies() == 1);
    seed.serve(1, 1);
    seed.serve(2, 2);
    seed.serve(2, 1);
    CHECK(seed.core.early_copies() == 1);
}

// ---- sinks that do not take what they are offered ----

TEST_CASE("when nothing leaves for a while all is offered to all, until something does") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    seed.now += 1s - wire::Duration(1);
    seed.take();
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.core.pending());  // so that it is asked again
    seed.now += wire::Duration(1);
    seed.take();
    CHECK(seed.known[1] == all_of(20));
    CHECK(seed.known[2] == all_of(20));
    CHECK_FALSE(seed.core.pending());
    seed.serve(1, 0);
    seed.take();
    CHECK(seed.known[1].size() == 2);
    CHECK(seed.known[2].size() == 2);
}

TEST_CASE("where chunks usually take long it is waited for longer") {
    Peer seed(20);
    seed.open_and_take({1, 2});
    for (auto const chunk : Set(seed.known[1])) {
        seed.now += 900ms;
        seed.serve(1, chunk);
        seed.take();
    }
    seed.now += 3600ms - wire::Duration(1);
    seed.take();
    CHECK(seed.known[2].size() == 2);
    seed.now += wire::Duration(1);
    seed.take();
    CHECK(seed.known[2] == all_of(20));
}

// ---- whatever happens ----

namespace {

/// Sinks that come and go, ask for what they are offered, and tell what they have.
class Run {
  public:
    explicit Run(std::uint64_t seed)
        : dice_(seed),
          chunks_(static_cast<std::uint32_t>(dice_.number(2, 40))),
          peer_(chunks_, seed) {}

    void step() {
        peer_.now += std::chrono::milliseconds(dice_.number(0, 30));
        auto const number = static_cast<std::uint32_t>(dice_.number(1, 6));
        if (!open_.contains(number)) {
            peer_.open(number);
            open_[number];
        } else if (dice_.chance(5)) {
            peer_.close(number);
            open_.erase(number);
        } else if (dice_.chance(10)) {
            tell(number);
        } else {
            ask_and_send(number);
        }
        if (open_.empty()) {
            left_.clear();
        }
        take();
    }

  private:
    struct Sink {
        Set asked;  ///< and not got
        Set got;
    };

    void tell(std::uint32_t number) {
        auto const chunk = static_cast<std::uint32_t>(dice_.number(0, chunks_ - 1));
        peer_.sink_has(number, {chunk});
        left_.insert(chunk);
        open_.at(number).got.insert(chunk);
        open_.at(number).asked.erase(chunk);
    }

    void ask_and_send(std::uint32_t number) {
        auto& sink = open_.at(number);
        auto const known = Chunks(peer_.known[number].begin(), peer_.known[number].end());
        if (!known.empty() && dice_.chance(60)) {
            auto const chunk = known[dice_.number(0, known.size() - 1)];
            peer_.ask(number, chunk);
            sink.asked.insert(chunk);
        }
        if (!sink.asked.empty() && dice_.chance(60)) {
            auto const chunk = *sink.asked.begin();
            peer_.send(number, chunk);
            sink.asked.erase(chunk);
            sink.got.insert(chunk);
            left_.insert(chunk);
        }
    }

    /// What it knows to be offered and has not got.
    [[nodiscard]] Set wanted(std::uint32_t number) const {
        return without(peer_.known.at(number), open_.at(number).got);
    }

    /// What it could ask for.
    [[nodiscard]] Set choice(std::uint32_t number) const {
        return without(wanted(number), open_.at(number).asked);
    }

    [[nodiscard]] bool narrow(std::uint32_t number) const { return peer_.narrow.at(number); }

    void take() {
        auto const told = peer_.told;
        auto const known = peer_.known;
        auto const narrow_before = peer_.narrow;
        peer_.take();
        for (auto const& [number, times] : peer_.told) {
            auto const before = told.find(number);
            must(times - (before == told.end() ? 0 : before->second) <= 1, "each is told once");
        }
        check_unshared();
        for (auto const& [number, sink] : open_) {
            if (narrow(number)) {
                auto const before = narrow_before.find(number);
                bool const was_narrow = before != narrow_before.end() && before->second;
                check(number, sink);
                check_fresh_first(without(without(peer_.dealt[number], sink.asked),
                                          was_narrow ? known.at(number) : Set()));
            }
        }
    }

    /// What has never left waits for one sink only to ask for it.
    void check_unshared() const {
        Set waiting;
        for (auto const& [number, sink] : open_) {
            for (auto const chunk : narrow(number) ? without(choice(number), left_) : Set()) {
                must(waiting.insert(chunk).second, "no fresh chunk is offered to two");
            }
        }
    }

    /// Nothing is offered that has left while what has never left is offered to nobody.
    void check_fresh_first(Set const& dealt) const {
        Set to_anybody;
        for (auto const& [number, chunks] : peer_.known) {
            to_anybody.insert(chunks.begin(), chunks.end());
        }
        must(without(dealt, left_).size() == dealt.size() ||
                 std::ranges::includes(to_anybody, without(all_of(chunks_), left_)),
             "fresh ones are offered first");
    }

    void check(std::uint32_t number, Sink const& sink) const {
        must(open_.size() > 1, "a single sink is offered all");
        must(std::ranges::includes(peer_.known.at(number), sink.asked),
             "what was asked for stays offered");
    }

    Dice dice_;
    std::uint32_t chunks_;
    Peer peer_;
    std::map<std::uint32_t, Sink> open_;
    Set left_;  ///< since there have been sinks
};

/// A swarm in which all know at once what has left: what the seed sends until all has left once.
std::uint32_t sends_until_all_left(std::uint64_t seed, std::uint32_t chunks, std::uint32_t sinks) {
    Dice dice(seed);
    Peer peer(chunks, seed);
    for (std::uint32_t number = 1; number <= sinks; ++number) {
        peer.open(number);
    }
    std::uint32_t sends = 0;
    Set left;
    while (left.size() < chunks) {
        peer.now += 20ms;
        peer.take();
        auto const number = static_cast<std::uint32_t>(dice.number(1, sinks));
        auto const wanted = std::ranges::find_if(peer.known[number],
                                                 [&](auto chunk) { return !left.contains(chunk); });
        if (wanted != peer.known[number].end()) {
            auto const chunk = *wanted;
            peer.serve(number, chunk);
            left.insert(chunk);
            ++sends;
        }
        must(peer.now < wire::Time(1h), "there is always something to choose");
    }
    must(peer.core.early_copies() == 0, "nothing leaves twice before all has left once");
    return sends;
}

/// Sinks that do not hear of each other, and ask for all that they are offered; one chunk leaves
/// every 20 ms.
void all_from_the_seed(std::uint64_t seed, std::uint32_t chunks, std::uint32_t sinks) {
    Dice dice(seed);
    Peer peer(chunks, seed);
    std::map<std::uint32_t, Set> got;
    for (std::uint32_t number = 1; number <= sinks; ++number) {
        peer.open(number);
        got[number];
    }
    for (std::uint32_t sends = 0; sends < chunks * sinks; ++sends) {
        peer.now += 20ms;
        peer.take();
        std::vector<std::pair<std::uint32_t, std::uint32_t>> could;
        for (auto const& [number, has] : got) {
            for (auto const chunk : without(peer.known[number], has)) {
                could.emplace_back(number, chunk);
            }
        }
        must(!could.empty(), "somebody is always offered something that it lacks");
        auto const [number, chunk] = could[dice.number(0, could.size() - 1)];
        peer.serve(number, chunk);
        got[number].insert(chunk);
    }
}

}  // namespace

TEST_CASE(
    "whatever sinks do, fresh chunks are offered first, and what was asked for stays offered") {
    for_each_seed(300, [](std::uint64_t seed) {
        Run run(seed);
        for (int step = 0; step < 300; ++step) {
            run.step();
        }
    });
}

TEST_CASE("whoever asks for what it is offered gets all, without a pause, from the seed alone") {
    for_each_seed(50, [](std::uint64_t seed) {
        all_from_the_seed(seed, 60, 2 + static_cast<std::uint32_t>(seed % 8));
    });
}

TEST_CASE("a seed sends each chunk once until each has left") {
    for_each_seed(50, [](std::uint64_t seed) {
        CHECK(sends_until_all_left(seed, 100, 1 + static_cast<std::uint32_t>(seed % 9)) == 100);
    });
}
