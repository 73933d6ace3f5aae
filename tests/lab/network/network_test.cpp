// When what is sent over a network leaves and arrives.
#include "network/network.hpp"

#include "catch.hpp"
#include "topologies.hpp"

#include <map>
#include <numeric>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::network;
using namespace xfsbus::lab::network::test;
using namespace std::chrono_literals;

namespace {

struct Event {
    FlowIndex flow = 0;
    wire::Duration left{};
    wire::Duration arrives{};
    std::uint64_t bytes = 0;

    friend bool operator==(Event const&, Event const&) = default;
};

/// A network whose time is that of what leaves.
class World {
  public:
    Network network;

    FlowIndex open(std::vector<LinkIndex> const& route) { return network.open(route); }

    void send(FlowIndex flow, std::uint64_t bytes, wire::Duration at = {}) {
        network.send(begin_ + at, flow, bytes);
    }

    /// All that leaves until then.
    std::vector<Event> run(wire::Duration until = 24h) {
        std::vector<Event> events;
        for (auto next = network.next(); next && *next <= begin_ + until; next = network.next()) {
            while (auto const left = network.take(*next)) {
                events.push_back({left->flow, *next - begin_, left->arrives - begin_, left->bytes});
            }
        }
        return events;
    }

    [[nodiscard]] wire::Time at(wire::Duration time) const { return begin_ + time; }

  private:
    wire::Time begin_{1000s};
};

std::uint64_t sum(std::vector<Event> const& events) {
    return std::accumulate(events.begin(), events.end(), std::uint64_t{0},
                           [](auto all, Event const& event) { return all + event.bytes; });
}

struct Run {
    std::vector<Event> events;
    std::uint64_t sent = 0;
};

/// Pieces of any size between any hosts at any time.
Run random_run(std::uint64_t seed) {
    Random random(seed);
    World world;
    auto const topology = any_topology(random);
    for (double const capacity : topology.capacities) {
        world.network.add_link(capacity, std::chrono::microseconds(random.below(2000)));
    }
    std::vector<FlowIndex> flows;
    for (int i = 0; i < 20; ++i) {
        flows.push_back(world.open(topology.any_route(random)));
    }
    Run run;
    for (wire::Duration now{}; now < 5s; now += std::chrono::microseconds(random.below(50'000))) {
        auto const more = world.run(now);
        run.events.insert(run.events.end(), more.begin(), more.end());
        auto const bytes = 1 + random.below(1'000'000);
        run.sent += bytes;
        world.send(flows[random.below(flows.size())], bytes, now);
    }
    auto const rest = world.run();
    run.events.insert(run.events.end(), rest.begin(), rest.end());
    return run;
}

}  // namespace

TEST_CASE("a piece arrives when its last byte has left and the delays of its links have passed") {
    World world;
    auto const up = world.network.add_link(10 * mega, 3ms);
    auto const down = world.network.add_link(5 * mega, 4ms);
    auto const flow = world.open({up, down});
    world.send(flow, 5'000'000);
    CHECK(world.network.delay(flow) == 7ms);
    CHECK(world.run() == std::vector<Event>{{flow, 1s, 1007ms, 5'000'000}});
}

TEST_CASE("pieces of one connection leave one after the other, and do not share") {
    World world;
    auto const link = world.network.add_link(4 * mega);
    auto const queue = world.open({link});
    auto const other = world.open({link});
    world.send(queue, 1'000'000);
    world.send(queue, 1'000'000);
    world.send(queue, 1'000'000);
    world.send(other, 1'000'000);
    // Half of the link each, whatever waits; when the other has sent all, the queue has it.
    CHECK(world.run() == std::vector<Event>{{queue, 500ms, 500ms, 1'000'000},
                                            {other, 500ms, 500ms, 1'000'000},
                                            {queue, 750ms, 750ms, 1'000'000},
                                            {queue, 1s, 1s, 1'000'000}});
}

TEST_CASE("a connection that is given the next piece at once goes on as if nothing had been") {
    World world;
    auto const link = world.network.add_link(1 * mega);
    auto const flow = world.open({link});
    auto const other = world.open({link});
    world.send(flow, 500'000);
    world.send(other, 10'000'000);
    auto const next = world.network.next();
    REQUIRE(next == world.at(1s));
    auto const filled = world.network.shares().filled();
    REQUIRE(world.network.take(*next));
    REQUIRE_FALSE(world.network.take(*next));
    world.send(flow, 500'000, 1s);
    CHECK(world.network.next() == world.at(2s));
    CHECK(world.network.shares().filled() == filled);
}

TEST_CASE("what is under way goes on at the rate that a change leaves it") {
    World world;
    auto const link = world.network.add_link(2 * mega);
    auto const flow = world.open({link});
    auto const ends = world.open({link});
    world.send(flow, 4'000'000);
    world.send(ends, 4'000'000);
    CHECK(world.run(1s).empty());
    world.network.close(world.at(1s), ends);
    CHECK(world.run(2s).empty());
    world.network.set_capacity(world.at(2s), link, 0.5 * mega);
    // 1 MB in the first second, 2 MB in the second one.
    CHECK(world.run() == std::vector<Event>{{flow, 4s, 4s, 4'000'000}});
}

TEST_CASE("over a link without capacity nothing leaves, until it has some") {
    World world;
    auto const link = world.network.add_link(0);
    auto const flow = world.open({link});
    world.send(flow, 1'000'000);
    CHECK_FALSE(world.network.next());
    world.network.set_capacity(world.at(5s), link, 1 * mega);
    CHECK(world.run() == std::vector<Event>{{flow, 6s, 6s, 1'000'000}});
}

TEST_CASE("a connection that is closed sends nothing more, nor does the next one of its index") {
    World world;
    auto const link = world.network.add_link(1 * mega);
    auto const flow = world.open({link});
    world.send(flow, 1'000'000);
    REQUIRE(world.network.next());
    world.network.close(world.at(100ms), flow);
    auto const another = world.open({link});
    CHECK(another == flow);
    CHECK_FALSE(world.network.next());
    world.send(another, 1'000'000, 200ms);
    CHECK(world.run() == std::vector<Event>{{another, 1200ms, 1200ms, 1'000'000}});
}

TEST_CASE("a connection that always has something to send loses nothing by roundings") {
    // A byte takes a third of a microsecond, which is no whole number of nanoseconds.
    World world;
    auto const link = world.network.add_link(3 * mega);
    auto const flow = world.open({link});
    for (int i = 0; i < 30'000; ++i) {
        world.send(flow, 1);
    }
    auto const events = world.run();
    REQUIRE(events.size() == 30'000);
    CHECK(events.back().left == 10ms);
}

TEST_CASE("as many bytes arrive as are sent, and no link lets more by than it can") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        auto const run = random_run(seed);
        CHECK(sum(run.events) == run.sent);
        for (std::size_t i = 1; i < run.events.size(); ++i) {
            CHECK(run.events[i - 1].left <= run.events[i].left);
        }
    }
    // A link that is always full has passed what its capacity allows, to the byte.
    World world;
    auto const link = world.network.add_link(7 * mega);
    for (std::uint64_t i = 1; i <= 13; ++i) {
        world.send(world.open({link}), 1'000'003 * i);
    }
    auto const events = world.run();
    auto const time = std::chrono::duration<double>(events.back().left).count();
    CHECK(time == Approx(static_cast<double>(sum(events)) / (7 * mega)).epsilon(1e-9));
    CHECK(time * 7 * mega >= static_cast<double>(sum(events)) - 1);
}

TEST_CASE("the same calls give the same times, wherever they are made") {
    // Recorded: a build by another compiler, or for another machine, must say the same.
    std::uint64_t hash = 14695981039346656037U;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (auto const& event : random_run(seed).events) {
            for (auto const part :
                 {static_cast<std::uint64_t>(event.flow),
                  static_cast<std::uint64_t>(event.left.count()),
                  static_cast<std::uint64_t>(event.arrives.count()), event.bytes}) {
                hash = (hash ^ part) * 1099511628211U;
            }
        }
    }
    CHECK(hash == 0x139f705a476a7601U);
}
