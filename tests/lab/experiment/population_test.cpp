// The peers of one run, as chance makes them.
#include "experiment/population.hpp"

#include "catch.hpp"
#include "experiment/exact_math.hpp"

#include <algorithm>
#include <cmath>

using namespace xfsbus;
using namespace xfsbus::lab::experiment;
using namespace std::chrono_literals;

namespace {

Rates links_of(std::uint64_t rate) {
    return {Rates::Kind::constant, {rate}, 0};
}

Experiment seed_and_sinks(std::uint32_t count) {
    Experiment experiment;
    experiment.groups = {
        {.name = "seed", .up = links_of(1000000), .down = links_of(1000000), .role = Role::seed},
        {.name = "sinks", .count = count, .up = links_of(2000000), .down = links_of(3000000)}};
    experiment.content = {1 << 20, 1 << 18};
    experiment.seeds = {1};
    return experiment;
}

double mean_up(std::vector<Peer> const& peers) {
    double sum = 0;
    for (auto const& peer : peers) {
        sum += static_cast<double>(peer.up);
    }
    return sum / static_cast<double>(peers.size());
}

}  // namespace

TEST_CASE("what is drawn follows from the seed alone") {
    auto experiment = seed_and_sinks(50);
    experiment.groups[1].up = {Rates::Kind::lognormal, {1'000'000}, 1};
    auto const first = draw(experiment, 7);
    auto const again = draw(experiment, 7);
    auto const other = draw(experiment, 8);
    CHECK(std::ranges::equal(first, again, {}, &Peer::up, &Peer::up));
    CHECK_FALSE(std::ranges::equal(first, other, {}, &Peer::up, &Peer::up));
}

TEST_CASE("the numbers that a seed draws are these, on every machine") {
    auto experiment = seed_and_sinks(3);
    experiment.groups[1].up = {Rates::Kind::lognormal, {1'000'000}, 1};
    experiment.groups[1].down = {Rates::Kind::uniform, {1'000'000, 2'000'000}, 0};
    experiment.arrivals = {.kind = Arrivals::Kind::poisson, .per_second = 1};
    auto const peers = draw(experiment, 1);
    CHECK(peers[1].up == 1784275);
    CHECK(peers[2].up == 2834337);
    CHECK(peers[3].down == 1923604);
    CHECK(peers[3].arrives.count() == 690683849);
}

TEST_CASE("crashes change nothing of the links that are drawn") {
    auto experiment = seed_and_sinks(20);
    experiment.groups[1].up = {Rates::Kind::uniform, {1'000'000, 9'000'000}, 0};
    auto const before = draw(experiment, 1);
    experiment.churn = {.leave = 0.5, .crash = 0.1};
    experiment.arrivals = {.kind = Arrivals::Kind::poisson, .per_second = 1};
    auto const after = draw(experiment, 1);
    CHECK(std::ranges::equal(before, after, {}, &Peer::up, &Peer::up));
}

TEST_CASE("links follow their distribution") {
    auto experiment = seed_and_sinks(20000);
    experiment.groups.erase(experiment.groups.begin());
    experiment.groups[0].up = {Rates::Kind::uniform, {1'000'000, 3'000'000}, 0};
    auto peers = draw(experiment, 1);
    CHECK(mean_up(peers) == Approx(2e6).epsilon(0.01));
    CHECK(std::ranges::min(peers, {}, &Peer::up).up >= 1'000'000);
    CHECK(std::ranges::max(peers, {}, &Peer::up).up <= 3'000'000);

    experiment.groups[0].up = {Rates::Kind::lognormal, {1'000'000}, 0.5};
    peers = draw(experiment, 1);
    CHECK(mean_up(peers) == Approx(1e6 * std::exp(0.125)).epsilon(0.02));
    std::ranges::sort(peers, {}, &Peer::up);
    CHECK(static_cast<double>(peers[10000].up) == Approx(1e6).epsilon(0.02));
}

TEST_CASE("lists of links and racks go round") {
    auto experiment = seed_and_sinks(5);
    experiment.groups[1].up = {Rates::Kind::list, {1'000'000, 2'000'000}, 0};
    experiment.groups[1].rack = {4, 5, 6};
    auto const peers = draw(experiment, 1);
    CHECK(peers[1].up == 1'000'000);
    CHECK(peers[2].up == 2'000'000);
    CHECK(peers[3].up == 1'000'000);
    CHECK(peers[4].rack == 4);
    CHECK(peers[3].rack == 6);
}

TEST_CASE("sinks come as the arrivals say, seeds at once, and a group at its own time") {
    auto experiment = seed_and_sinks(20000);
    experiment.groups.push_back(experiment.groups[0]);
    experiment.groups[2].arrives = 7s;
    experiment.arrivals = {.kind = Arrivals::Kind::poisson, .first = 2s, .per_second = 4};
    auto peers = draw(experiment, 1);
    CHECK(peers.front().arrives == 0s);
    CHECK(peers.back().arrives == 7s);
    CHECK(peers[1].arrives == 2s);
    CHECK(std::chrono::duration<double>(peers[20000].arrives).count() ==
          Approx(5002).epsilon(0.03));

    experiment.groups[1].count = 2;
    experiment.arrivals = {.kind = Arrivals::Kind::trace, .times = {3s, 1s}};
    peers = draw(experiment, 1);
    CHECK(peers[1].arrives == 3s);
    CHECK(peers[2].arrives == 1s);
}

TEST_CASE("however seldom peers come, they come at a time that there is") {
    auto experiment = seed_and_sinks(20000);
    experiment.arrivals = {Arrivals::Kind::poisson, {}, 1e-6, {}};
    experiment.churn.crash = 1e-9;
    for (auto const& peer : draw(experiment, 1)) {
        CHECK(peer.arrives >= 0s);
        CHECK((!peer.crashes || *peer.crashes >= peer.arrives));
    }
}

TEST_CASE("the share that leaves leaves, and crashes come at their rate") {
    auto experiment = seed_and_sinks(20000);
    experiment.churn = {.leave = 0.25, .crash = 0.5};
    auto const peers = draw(experiment, 1);
    double leave = 0;
    double seconds = 0;
    for (auto const& peer : peers) {
        leave += peer.stays ? 0 : 1;
        seconds += peer.crashes ? std::chrono::duration<double>(*peer.crashes).count() : 0;
    }
    CHECK(peers[0].stays);
    CHECK_FALSE(peers[0].crashes);
    CHECK(leave / 20000 == Approx(0.25).epsilon(0.05));
    CHECK(seconds / 20000 == Approx(2).epsilon(0.05));
}

TEST_CASE("logarithm and power are as good as the library's") {
    for (double const x : {1e-300, 0x1p-53, 0.3, 1.0, 2.718281828, 12345.678, 1e300}) {
        CHECK(exact_log(x) == Approx(std::log(x)).epsilon(1e-14).margin(1e-15));
    }
    for (double const x : {-50.0, -1.0, 0.0, 1e-9, 0.5, 3.0, 50.0}) {
        CHECK(exact_exp(x) == Approx(std::exp(x)).epsilon(1e-13));
    }
}
