// How simulated peers are connected.
#include "sim/wiring.hpp"

#include "catch.hpp"

#include <numeric>

using namespace xfsbus;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

swarm::Uploads::Piece piece_of(std::uint32_t bytes, std::uint64_t number = 0) {
    swarm::Uploads::Piece piece;
    piece.length = bytes;
    piece.number = number;
    return piece;
}

wire::Time at(wire::Duration time) {
    return wire::Time(1000s) + time;
}

struct Sent {
    PeerIndex from = 0;
    PeerIndex to = 0;
    std::uint64_t number = 0;
    wire::Duration at{};

    friend bool operator==(Sent const&, Sent const&) = default;
};

std::vector<Sent> run(Wiring& wiring) {
    std::vector<Sent> all;
    for (auto next = wiring.next(); next; next = wiring.next()) {
        while (auto const left = wiring.take(*next)) {
            all.push_back({left->from, left->to, left->piece.number, *next - at({})});
        }
    }
    return all;
}

}  // namespace

TEST_CASE("chunks for one peer leave in order, and those for two at the same time") {
    Wiring wiring({});
    for (int i = 0; i < 3; ++i) {
        wiring.add({.up = 2e6, .down = 8e6});
    }
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 1));
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 2));
    wiring.send(at({}), 0, 2, piece_of(1'500'000, 3));
    CHECK(run(wiring) == std::vector<Sent>{{0, 1, 1, 1s}, {0, 2, 3, 1500ms}, {0, 1, 2, 1750ms}});
}

TEST_CASE("a peer that takes little leaves the uplink of the sender to others") {
    Wiring wiring({});
    wiring.add({.up = 10e6, .down = 10e6});
    wiring.add({.up = 10e6, .down = 1e6});
    wiring.add({.up = 10e6, .down = 100e6});
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 1));
    wiring.send(at({}), 0, 2, piece_of(9'000'000, 2));
    CHECK(run(wiring) == std::vector<Sent>{{0, 1, 1, 1s}, {0, 2, 2, 1s}});
}

TEST_CASE("between racks bytes pass a link out, the core and a link in, and within one none") {
    struct Case {
        Wiring::Options options;
        std::uint32_t rack_of_others;
        wire::Duration takes;
    };

    auto const c = GENERATE(values<Case>({{{}, 1, 1s},
                                          {{.rack_link = 4e6}, 1, 2s},
                                          {{.core_link = 2e6}, 1, 4s},
                                          {{.rack_link = 1e6, .core_link = 2e6}, 1, 8s},
                                          {{.rack_link = 1e6, .core_link = 1e6}, 0, 1s}}));
    Wiring wiring(c.options);
    wiring.add({.up = 4e6, .down = 4e6, .rack = 0});
    wiring.add({.up = 4e6, .down = 4e6, .rack = 0});
    wiring.add({.up = 4e6, .down = 4e6, .rack = c.rack_of_others});
    wiring.add({.up = 4e6, .down = 4e6, .rack = c.rack_of_others});
    wiring.send(at({}), 0, 2, piece_of(4'000'000, 1));
    wiring.send(at({}), 1, 3, piece_of(4'000'000, 2));
    CHECK(run(wiring) == std::vector<Sent>{{0, 2, 1, c.takes}, {1, 3, 2, c.takes}});
}

TEST_CASE("what two racks send to a third shares that one's link in") {
    Wiring wiring({.rack_link = 2e6});
    for (std::uint32_t rack = 0; rack < 3; ++rack) {
        wiring.add({.up = 10e6, .down = 10e6, .rack = rack});
    }
    wiring.send(at({}), 0, 2, piece_of(1'000'000, 1));
    wiring.send(at({}), 1, 2, piece_of(1'000'000, 2));
    CHECK(run(wiring) == std::vector<Sent>{{0, 2, 1, 1s}, {1, 2, 2, 1s}});
}

TEST_CASE("a connection that is cut gives back what has not left, and takes nothing from others") {
    Wiring wiring({});
    for (int i = 0; i < 3; ++i) {
        wiring.add({.up = 2e6, .down = 8e6});
    }
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 1));
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 2));
    wiring.send(at({}), 0, 2, piece_of(3'000'000, 3));
    REQUIRE(wiring.next() == at(1s));
    auto const left = wiring.take(at(1s));
    REQUIRE(left);
    CHECK(left->piece.number == 1);
    auto const cut = wiring.cut(at(1s), 0, 1);
    REQUIRE(cut.size() == 1);
    CHECK(cut.front().number == 2);
    CHECK(wiring.cut(at(1s), 0, 1).empty());
    wiring.send(at(1s), 0, 1, piece_of(1'000'000, 4));
    CHECK(run(wiring) == std::vector<Sent>{{0, 1, 4, 2s}, {0, 2, 3, 2500ms}});
}

TEST_CASE("from a peer that is silent nothing leaves, and nothing gets to it") {
    Wiring wiring({});
    for (int i = 0; i < 3; ++i) {
        wiring.add({.up = 2e6, .down = 8e6});
    }
    wiring.send(at({}), 0, 1, piece_of(1'000'000, 1));
    wiring.send(at({}), 1, 2, piece_of(1'000'000, 2));
    wiring.send(at({}), 0, 2, piece_of(1'000'000, 3));
    REQUIRE(wiring.next() == at(500ms));
    wiring.silence(at(0s), 1);
    CHECK(run(wiring) == std::vector<Sent>{{0, 2, 3, 500ms}});
    CHECK(wiring.cut(at(1s), 0, 1).size() == 1);
}

TEST_CASE("what a fabric says lies between peers is shared by those whose ways it is on") {
    Wiring wiring(
        {.fabric = {.links = {1e6}, .path = [](PeerIndex from, PeerIndex to) -> Fabric::Path {
                        bool const shared = from < 2 && to >= 2;
                        return {
                            shared ? std::vector<std::uint32_t>{0} : std::vector<std::uint32_t>{},
                            std::nullopt};
                    }}});
    for (int i = 0; i < 4; ++i) {
        wiring.add({.up = 8e6, .down = 8e6});
    }
    wiring.send(at({}), 0, 2, piece_of(500'000, 1));
    wiring.send(at({}), 1, 3, piece_of(500'000, 2));
    wiring.send(at({}), 0, 1, piece_of(500'000, 3));
    auto const all = run(wiring);
    REQUIRE(all.size() == 3);
    CHECK(all[0].number == 3);
    CHECK(all[0].at < 100ms);
    CHECK(all[1].at == 1s);
    CHECK(all[2].at == 1s);
}

TEST_CASE("what holds back a connection alone does so whenever it is opened, whoever else sends") {
    Wiring wiring({.fabric = {.links = {}, .path = [](PeerIndex, PeerIndex) -> Fabric::Path {
                                  return {{}, 1e6};
                              }}});
    for (int i = 0; i < 3; ++i) {
        wiring.add({.up = 8e6, .down = 8e6});
    }
    wiring.send(at({}), 0, 1, piece_of(500'000, 1));
    wiring.send(at({}), 0, 2, piece_of(500'000, 2));
    for (auto const& sent : run(wiring)) {
        CHECK(sent.at == 500ms);
    }
    wiring.cut(at(500ms), 0, 1);
    wiring.send(at(1s), 0, 1, piece_of(500'000, 3));
    CHECK(run(wiring) == std::vector<Sent>{{0, 1, 3, 1500ms}});
}
