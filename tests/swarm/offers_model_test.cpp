// Whatever sinks do, and whole swarms of them: what a seed offers keeps its rules.
#include "offers_fixture.hpp"
#include "seeds.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

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
            open_[number].moved = peer_.now;
        } else if (dice_.chance(5)) {
            peer_.close(number);
            open_.erase(number);
            stood_.erase(number);
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
        wire::Time moved{};  ///< when it last asked, got or told something
    };

    /// Before that nobody stands. Some time after it a sink does if it asks for nothing.
    static constexpr auto stands_after = 400ms;

    void tell(std::uint32_t number) {
        auto const chunk = static_cast<std::uint32_t>(dice_.number(0, chunks_ - 1));
        peer_.sink_has(number, {chunk});
        left_.insert(chunk);
        auto& sink = open_.at(number);
        sink.moved = sink.got.insert(chunk).second ? peer_.now : sink.moved;
        sink.asked.erase(chunk);
    }

    void ask_and_send(std::uint32_t number) {
        auto& sink = open_.at(number);
        auto const known = Chunks(peer_.known[number].begin(), peer_.known[number].end());
        if (!known.empty() && dice_.chance(60)) {
            auto const chunk = known[dice_.number(0, known.size() - 1)];
            peer_.ask(number, chunk);
            sink.moved = sink.asked.insert(chunk).second ? peer_.now : sink.moved;
        }
        if (!sink.asked.empty() && dice_.chance(60)) {
            auto const chunk = *sink.asked.begin();
            peer_.send(number, chunk);
            sink.moved = peer_.now;
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

    /// What has never left waits for one sink only to ask for it, and for those that have stood.
    void check_unshared() {
        Set waiting;
        for (auto& [number, sink] : open_) {
            if (peer_.now - sink.moved >= stands_after) {
                stood_[number] = peer_.known[number];
            }
            auto const alone = without(choice(number), stood_[number]);
            for (auto const chunk : narrow(number) ? without(alone, left_) : Set()) {
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
    std::map<std::uint32_t, Set> stood_;  ///< what was offered to it when it stood
    Set left_;                            ///< since there have been sinks
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
    must(peer.early_copies == 0, "nothing leaves twice before all has left once");
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
