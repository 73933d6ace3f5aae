// What sinks are told of what is here, and what they tell.
#include "uploads_fixture.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

wire::Have have(std::uint32_t number) {
    wire::Have have;
    have.transfer = transfer(number);
    return have;
}

Source crowd() {
    Source source(roomy_limits());
    source.swarm = true;
    return source;
}

/// The chunk that is read next.
std::optional<std::uint32_t> next(Source& source) {
    auto const piece = source.core.next(source.now);
    return piece ? std::optional(piece->chunk) : std::nullopt;
}

}  // namespace

// ---- what is told ----

TEST_CASE("a sink is told when it opens a transfer what is here, if it wants to know") {
    auto source = crowd();
    CHECK_FALSE(source.offers.pending());
    REQUIRE_FALSE(source.want(1, 1, {}, 0, content(4)));
    REQUIRE_FALSE(source.want(2, 2, {}, 0, part({0, 2})));
    source.swarm = false;
    REQUIRE_FALSE(source.want(3, 3, {}, 0, content(4)));
    CHECK(source.offers.pending());
    auto offers = source.core.take_offers(source.now);
    std::ranges::sort(offers, {}, &Uploads::Offer::route);
    REQUIRE(offers.size() == 2);
    CHECK(offers[0].route == "1");
    CHECK(offers[0].have.transfer == transfer(1));
    CHECK(offers[0].have.complete);
    CHECK(offers[0].have.bitmap.empty());
    CHECK(offers[1].route == "2");
    CHECK_FALSE(offers[1].have.complete);
    CHECK(offers[1].have.bitmap == "\xa0");
    CHECK(offers[1].have.chunks.empty());
    CHECK(source.core.take_offers(source.now).empty());
    CHECK_FALSE(source.offers.pending());
}

TEST_CASE("who has nothing yet says so") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, part({}, 12)));
    auto const offers = source.core.take_offers(source.now);
    REQUIRE(offers.size() == 1);
    CHECK(offers[0].have.bitmap == std::string(2, '\0'));
}

TEST_CASE("chunks that come are told together, once, to those that want to know") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, part({0}), 5));
    REQUIRE_FALSE(source.want(2, 2, {}, 0, part({0}), 6));
    source.swarm = false;
    REQUIRE_FALSE(source.want(3, 3, {}, 0, part({0}), 5));
    source.core.take_offers(source.now);
    source.gain(5, 3);
    source.gain(5, 1);
    source.gain(5, 1);
    source.gain(7, 1);  // of which nobody wants anything
    auto const offers = source.core.take_offers(source.now);
    REQUIRE(offers.size() == 1);
    CHECK(offers[0].route == "1");
    CHECK_FALSE(offers[0].have.complete);
    CHECK(offers[0].have.bitmap.empty());
    CHECK(offers[0].have.chunks == Chunks{3, 1});
    CHECK(source.core.take_offers(source.now).empty());
}

TEST_CASE("what came before a sink was told for the first time is part of that") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, part({0})));
    source.gain(1, 3);
    auto const offers = source.core.take_offers(source.now);
    REQUIRE(offers.size() == 1);
    CHECK(offers[0].have.bitmap == "\x90");
    CHECK(offers[0].have.chunks.empty());
}

TEST_CASE("more chunks than a message holds are told in several") {
    constexpr std::uint32_t chunks = 2500;
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, part({}, chunks)));
    source.core.take_offers(source.now);
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
        source.gain(1, chunk);
    }
    Chunks told;
    auto const offers = source.core.take_offers(source.now);
    CHECK(offers.size() == 3);
    for (auto const& offer : offers) {
        CHECK(offer.have.chunks.size() <= wire::limits::chunks_per_have);
        CHECK(offer.have.bitmap.empty());
        CHECK_FALSE(offer.have.complete);
        told.insert(told.end(), offer.have.chunks.begin(), offer.have.chunks.end());
    }
    CHECK(told == all_of(content(chunks)));
}

TEST_CASE("of a transfer that has ended nothing is told") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, content(4)));
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(1)});
    CHECK_FALSE(source.offers.pending());
    CHECK(source.core.take_offers(source.now).empty());
    REQUIRE_FALSE(source.want(2, 1, {}, 0, part({0}), 5));
    REQUIRE_FALSE(source.want(3, 2, {}, 0, part({0}), 5));
    source.core.take_offers(source.now);
    source.gain(5, 2);
    source.core.on_word(source.now, "1", Uploads::Closed{transfer(2)});
    auto const offers = source.core.take_offers(source.now);
    REQUIRE(offers.size() == 1);
    CHECK(offers[0].route == "2");
}

// ---- what sinks tell ----

TEST_CASE("what a sink has need not leave again: other chunks go first") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, content(12), 5));
    wire::Have told = have(1);
    Chunks expected;
    SECTION("in a list") {
        told.chunks = {0, 1};
        expected = {2, 3, 0, 1};
    }
    SECTION("in a bitmap, and a list") {
        told.bitmap = "\xa0\x10";
        told.chunks = {3};
        expected = {1, 0, 2, 3};
    }
    source.core.on_word(source.now, "1", told);
    REQUIRE_FALSE(source.want(2, 2, {0, 1, 2, 3}, 10'000, content(12), 5));
    Chunks order;
    while (auto const chunk = next(source)) {
        order.push_back(*chunk);
    }
    CHECK(order == expected);
}

TEST_CASE("the time after a transfer was spared all that it waited for does not count as its own") {
    Source source;
    auto const about = content(12);
    auto const serve_in_a_second = [&] {
        auto const piece = source.core.next(source.now);
        REQUIRE(piece);
        source.now += 1s;
        source.done(*piece);
    };
    REQUIRE_FALSE(source.want(1, 1, {0, 1}, 10'000, about));
    serve_in_a_second();
    auto const rate = source.core.table().find(transfer(1))->rate.bytes_per_second();
    wire::Have told = have(1);
    told.chunks = {1};
    source.core.on_word(source.now, "1", told);
    source.now += 10s;
    REQUIRE_FALSE(source.want(1, 1, {2}, 10'000, about));
    serve_in_a_second();
    CHECK(source.core.table().find(transfer(1))->rate.bytes_per_second() > 0.9 * rate);
}

TEST_CASE("a sink that grants no credit, or does not read, keeps nothing from the others") {
    bool const grants = GENERATE(false, true);
    auto const about = content(12);
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, about, 5));
    REQUIRE_FALSE(source.want(2, 2, {}, 0, about, 5));
    Chunks asked;
    auto const ask = [&] {
        for (auto const& offer : source.core.take_offers(source.now)) {
            auto offered = ChunkSet::from_wire(offer.have.bitmap, 12).value_or(ChunkSet(12));
            for (auto const chunk : offer.have.chunks) {
                offered.insert(chunk);
            }
            if (offer.route == "2") {
                offered.for_each([&](std::uint32_t chunk) { asked.push_back(chunk); });
            }
        }
    };
    ask();
    REQUIRE_FALSE(source.want(1, 1, all_of(about), grants ? 200 : 0, about, 5));
    auto const unread = source.fill();
    REQUIRE(unread.size() == (grants ? 2 : 0));
    for (int times = 0; times < 50; ++times) {
        REQUIRE_FALSE(source.want(2, 2, std::exchange(asked, {}), 1200, about, 5));
        for (auto const& piece : source.fill()) {
            source.done(piece);
        }
        source.now += 20ms;
        ask();
    }
    CHECK(source.core.table().find(transfer(2))->sent == 1200);
}

TEST_CASE(
    "a sink that tells what it has keeps what it was offered while its queue is full a moment") {
    bool const took = GENERATE(false, true);
    auto const about = content(12);
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, about, 5));
    REQUIRE_FALSE(source.want(2, 2, {}, 0, about, 5));
    std::map<std::string, ChunkSet> offered;
    auto const take_offers = [&] {
        for (auto const& offer : source.core.take_offers(source.now)) {
            auto& known = offered.try_emplace(offer.route, ChunkSet(12)).first->second;
            if (auto const all = ChunkSet::from_wire(offer.have.bitmap, 12)) {
                known = *all;
            }
            known = offer.have.complete ? ChunkSet::full(12) : known;
            for (auto const chunk : offer.have.chunks) {
                known.insert(chunk);
            }
        }
    };
    take_offers();
    Chunks mine;
    offered.at("1").for_each([&](std::uint32_t chunk) { mine.push_back(chunk); });
    REQUIRE(mine.size() >= 2);
    if (took) {
        REQUIRE_FALSE(source.want(1, 1, {mine[0]}, 100, about, 5));
        source.done(*source.core.next(source.now));
        wire::Have told = have(1);
        told.chunks = {mine[0]};
        source.core.on_word(source.now, "1", told);
        take_offers();
    }
    // From here on it grants nothing.
    REQUIRE_FALSE(source.want(1, 1, {mine[1]}, took ? 100 : 0, about, 5));
    std::uint32_t taken_by_other = 0;
    bool let_go = false;
    int after_ms = 0;
    for (; after_ms < 5'000 && !let_go; after_ms += 20) {
        Chunks wanted;
        offered.at("2").for_each([&](std::uint32_t chunk) { wanted.push_back(chunk); });
        REQUIRE_FALSE(source.want(2, 2, wanted, 1'200, about, 5));
        for (auto const& piece : source.fill()) {
            source.done(piece);
            ++taken_by_other;
        }
        source.now += 20ms;
        take_offers();
        let_go = offered.at("2").contains(mine[1]);
    }
    CHECK(let_go);
    CAPTURE(took, after_ms);
    CHECK((took ? after_ms >= 400 : after_ms < 300));
}

TEST_CASE("when a sink has all there is no second copy of anything too early") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, content(12), 5));
    wire::Have told = have(1);
    told.complete = true;
    source.core.on_word(source.now, "1", told);
    REQUIRE_FALSE(source.want(2, 2, {}, 0, content(12), 5));
    auto const offers = source.core.take_offers(source.now);
    REQUIRE(offers.size() == 2);
    CHECK(offers[0].have.complete);
    CHECK(offers[1].have.complete);
}

TEST_CASE("who asks for a chunk after it has said that it has it is sent it") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {3}, 0, content(12), 5));
    wire::Have told = have(1);
    told.chunks = {3, 4};
    source.core.on_word(source.now, "1", told);
    REQUIRE_FALSE(source.want(1, 1, {}, 1200, content(12), 5));
    CHECK_FALSE(next(source));
    REQUIRE_FALSE(source.want(1, 1, {3, 4}, 1200, content(12), 5));
    CHECK(next(source) == 3U);
    CHECK(next(source) == 4U);
}

TEST_CASE("what makes no sense in a Have is ignored, and all of it") {
    auto source = crowd();
    REQUIRE_FALSE(source.want(1, 1, {}, 0, content(12), 5));
    std::string route = "1";
    wire::Have told = have(1);
    told.chunks = {0};
    SECTION("an unknown transfer") {
        told.transfer = transfer(9);
    }
    SECTION("another's transfer") {
        route = "2";
    }
    SECTION("a bitmap of another size") {
        told.bitmap = "\x80";
    }
    SECTION("a spare bit") {
        told.bitmap = std::string("\x80\x01", 2);
    }
    SECTION("a chunk that the content does not have") {
        told.chunks = {0, 12};
    }
    source.core.on_word(source.now, route, told);
    REQUIRE_FALSE(source.want(2, 2, {0, 1}, 10'000, content(12), 5));
    CHECK(next(source) == 0U);
}
