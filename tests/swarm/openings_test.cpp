#include "catch.hpp"

#include <xfsbus/swarm/openings.hpp>

#include <string>

using namespace xfsbus;
using namespace std::chrono_literals;
using swarm::Openings;

namespace {

/// Openings, asked in simulated time; the figures are those of the test, not of the product.
struct Asked {
    Openings sut{Openings::Limits{.of_host_most = 10,
                                  .of_all_most = 30,
                                  .of_new_hosts = 10,
                                  .waiting_most = 20,
                                  .lasts = 5s}};
    wire::Time now{1000s};

    bool take(std::string const& host, int route) {
        return sut.take(now, host + "/" + std::to_string(route), host);
    }

    /// How many of so many questions over one route are granted.
    int granted(std::string const& host, int route, int questions) {
        int count = 0;
        for (int i = 0; i < questions; ++i) {
            count += take(host, route) ? 1 : 0;
        }
        return count;
    }
};

}  // namespace

TEST_CASE("A host has so many connections opened a second, over however many of its own it asks") {
    Asked asked;
    CHECK(asked.granted("a", 1, 6) == 6);
    CHECK(asked.granted("a", 2, 100) == 4);
    asked.now += 99ms;
    CHECK_FALSE(asked.take("a", 1));
    asked.now += 1ms;
    CHECK(asked.granted("a", 2, 100) == 1);
    asked.now += 10s;
    CHECK(asked.granted("a", 2, 100) == 10);
}

TEST_CASE("A sink that asks now and then has its turn beside a neighbour that asks without pause") {
    Asked asked;
    asked.granted("a", 1, 100);
    CHECK_FALSE(asked.take("a", 2));
    int of_neighbour = 0;
    for (int i = 0; i < 20; ++i) {
        asked.now += 100ms;
        of_neighbour += asked.granted("a", 1, 100);
    }
    CHECK(of_neighbour > 10);
    CHECK(asked.take("a", 2));
}

TEST_CASE("Sinks of a host have their turns in the order in which they first asked") {
    Asked asked;
    asked.granted("a", 1, 10);
    CHECK_FALSE(asked.take("a", 2));
    CHECK_FALSE(asked.take("a", 3));
    asked.now += 100ms;
    CHECK_FALSE(asked.take("a", 3));
    CHECK(asked.take("a", 2));
    asked.now += 100ms;
    CHECK(asked.take("a", 3));
}

TEST_CASE("A turn is kept for who goes on asking, and not for who has been silent for long") {
    Asked asked;
    asked.granted("a", 1, 10);
    CHECK_FALSE(asked.take("a", 2));
    asked.now += 4s;
    CHECK(asked.granted("a", 3, 100) == 9);
    asked.now += 1s;
    CHECK(asked.granted("a", 3, 100) == 10);
}

TEST_CASE("The last that all together may have opened are for hosts that have had none") {
    Asked asked;
    CHECK(asked.granted("a", 1, 100) == 10);
    CHECK(asked.granted("b", 1, 100) == 10);
    // Of what is left for hosts that have had none, each may take one at first.
    CHECK(asked.granted("c", 1, 100) == 1);
    CHECK(asked.granted("d", 1, 100) == 1);
    asked.now += 1s;
    CHECK(asked.granted("c", 1, 100) == 10);
}

TEST_CASE("What is remembered of those that wait, and of hosts, is bounded and forgotten") {
    Asked asked;
    for (int route = 0; route < 100; ++route) {
        asked.take("a", route);
    }
    CHECK(asked.sut.waiting() == 20);
    CHECK(asked.sut.hosts() == 1);
    asked.now += 5s;
    asked.take("b", 1);
    CHECK(asked.sut.waiting() == 0);
    CHECK(asked.sut.hosts() == 1);
}
