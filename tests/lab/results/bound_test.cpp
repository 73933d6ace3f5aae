// The least time in which a swarm can have a file, by hand.
#include "results/bound.hpp"

#include "catch.hpp"
#include "runs.hpp"

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::results;
using namespace xfsbus::lab::test;

namespace {

/// If all sinks end.
Bound bound(experiment::Experiment const& experiment) {
    return lower_bound(experiment, experiment::draw(experiment, 1), run_of(experiment, {1e6}));
}

}  // namespace

TEST_CASE("one sink takes as long as the seed's uplink does") {
    auto const found = bound(crowd(1));
    CHECK(found.seconds == Approx(10));
    CHECK(found.term == Bound::Term::seeds);
}

TEST_CASE("with equal uplinks the last chunks take a round for each doubling of the peers") {
    auto const found = bound(crowd(8));
    CHECK(found.seconds == Approx(10 * (1 + 3.0 / 100)));
    CHECK(found.term == Bound::Term::rounds);
    CHECK(bound(crowd(15)).seconds == Approx(10.3));
    CHECK(bound(crowd(16)).seconds == Approx(10.4));
}

TEST_CASE("rounds are of whole chunks: a smaller last one is left out") {
    auto experiment = crowd(8);
    experiment.content.bytes += 1;
    CHECK(bound(experiment).seconds == Approx(10.3));
}

TEST_CASE("rounds hold only where all are there from the start with equal uplinks") {
    auto experiment = crowd(8);
    experiment.groups[1].arrives = 1s;
    CHECK(bound(experiment).term != Bound::Term::rounds);
    experiment = crowd(8);
    experiment.groups[1].up = constant(rate + 1);
    CHECK(bound(experiment).term != Bound::Term::rounds);
    experiment = crowd(8);
    experiment.groups[0].count = 2;
    CHECK(bound(experiment).term != Bound::Term::rounds);
}

TEST_CASE("all uplinks together send the file to each") {
    auto experiment = crowd(8);
    experiment.groups[1].up = constant(rate / 4);
    auto const found = bound(experiment);  // 8 files by 1 + 8/4 links
    CHECK(found.seconds == Approx(80.0 / 3));
    CHECK(found.term == Bound::Term::all);
}

TEST_CASE("the slowest downlink takes the file once") {
    auto experiment = crowd(3);
    experiment.groups[1].down = {experiment::Rates::Kind::list, {4 * rate, rate / 5}, 0};
    auto const found = bound(experiment);
    CHECK(found.seconds == Approx(50));
    CHECK(found.term == Bound::Term::one);
}

TEST_CASE("who comes late is done no sooner than its own link allows from then on") {
    auto experiment = crowd(3);
    auto late = experiment.groups[1];
    late.name = "late";
    late.count = 1;
    late.arrives = 60s;
    experiment.groups.push_back(late);
    auto const found =
        bound(experiment);  // 4 MB/s down, but the others have 4 MB/s up, less its own
    CHECK(found.seconds == Approx(62.5));
    CHECK(found.term == Bound::Term::one);
}

TEST_CASE("an uplink counts from when it is there") {
    auto experiment = crowd(1);
    auto helper = experiment.groups[0];
    helper.name = "helper";
    helper.arrives = 5s;
    experiment.groups.push_back(helper);
    auto const found = bound(experiment);  // half by one, the rest by two
    CHECK(found.seconds == Approx(7.5));
    CHECK(found.term == Bound::Term::seeds);
}

TEST_CASE("who serves others has so much less for the swarm") {
    auto experiment = crowd(1);
    experiment.groups[0].others = 3;
    CHECK(bound(experiment).seconds == Approx(40));
}

TEST_CASE("liars and those that serve nobody are no help") {
    auto experiment = crowd(1);
    auto liar = experiment.groups[0];
    liar.name = "liar";
    liar.conduct = experiment::Conduct::lies;
    experiment.groups.push_back(liar);
    CHECK(bound(experiment).seconds == Approx(10));
    experiment.groups[2].conduct = experiment::Conduct::honest;
    CHECK(bound(experiment).seconds == Approx(5));
    experiment.groups[2].serves = false;
    CHECK(bound(experiment).seconds == Approx(10));
}

TEST_CASE("a rack without a copy gets it over the links of racks that have one") {
    auto experiment = crowd(4);
    experiment.groups[1].rack = {0, 1};
    experiment.network.rack_link = rate / 2;
    auto const found = bound(experiment);
    CHECK(found.seconds == Approx(20));
    CHECK(found.term == Bound::Term::racks);
    experiment.groups[1].rack = {0};
    CHECK(bound(experiment).term != Bound::Term::racks);
}

TEST_CASE("racks without a copy together get one each over all links") {
    auto experiment = crowd(6);
    experiment.groups[0].count = 2;
    experiment.groups[0].rack = {0, 1};
    experiment.groups[1].rack = {2, 3, 4, 5, 6, 7};
    experiment.network.rack_link = rate / 2;
    CHECK(bound(experiment).seconds == Approx(15));  // 6 files by 8 links
    CHECK(bound(experiment).term == Bound::Term::racks);
}

TEST_CASE("only those that have the file count") {
    auto const experiment = crowd(8);
    auto run = run_of(experiment, {100});
    for (std::size_t peer = 2; peer < run.peers.size(); ++peer) {
        run.peers[peer].completed.reset();
    }
    auto const found = lower_bound(experiment, experiment::draw(experiment, 1), run);
    CHECK(found.seconds == Approx(10));
    for (auto& row : run.peers) {
        row.completed.reset();
    }
    CHECK(lower_bound(experiment, experiment::draw(experiment, 1), run).seconds == 0);
}
