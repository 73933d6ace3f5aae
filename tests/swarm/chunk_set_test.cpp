#include "chunk_sets.hpp"
#include "seeds.hpp"

#include <xfsbus/swarm/chunk_set.hpp>

#include <iterator>
#include <set>
#include <vector>

using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

Chunks members(ChunkSet const& set) {
    Chunks all;
    set.for_each([&](std::uint32_t chunk) { all.push_back(chunk); });
    return all;
}

Chunks common(ChunkSet const& a, ChunkSet const& b) {
    Chunks all;
    for_each_common(a, b, [&](std::uint32_t chunk) { all.push_back(chunk); });
    return all;
}

/// A set and what it should be.
struct Pair {
    explicit Pair(std::uint32_t chunks) : set(chunks) {}

    ChunkSet set;
    std::set<std::uint32_t> model;

    void change(Dice& dice) {
        auto const chunk = static_cast<std::uint32_t>(dice.number(0, set.chunks() - 1));
        if (dice.chance(60)) {
            must(set.insert(chunk) == model.insert(chunk).second, "insert tells whether it is new");
        } else {
            must(set.erase(chunk) == (model.erase(chunk) == 1), "erase tells whether it was there");
        }
    }

    void check() const {
        must(set.count() == model.size(), "the members are counted");
        must(set.empty() == model.empty(), "empty is without members");
        must(set.complete() == (model.size() == set.chunks()), "complete is with all");
        must(members(set) == Chunks(model.begin(), model.end()),
             "the members are visited in order");
        must(ChunkSet::from_wire(set.to_wire(), set.chunks()) == set, "the wire keeps it");
    }
};

}  // namespace

TEST_CASE("an empty set has nothing, a full one everything") {
    auto const chunks = GENERATE(0U, 1U, 7U, 8U, 63U, 64U, 65U, 128U, 1000U);
    ChunkSet const empty(chunks);
    CHECK(empty.count() == 0);
    CHECK(empty.empty());
    CHECK(empty.complete() == (chunks == 0));
    CHECK_FALSE(empty.contains(0));
    auto const full = ChunkSet::full(chunks);
    CHECK(full.chunks() == chunks);
    CHECK(full.count() == chunks);
    CHECK(full.complete());
    CHECK(members(full).size() == chunks);
    CHECK_FALSE(full.contains(chunks));
    CHECK_FALSE(full.contains(0xffffffffU));
}

TEST_CASE("the first chunk is the highest bit of the first byte") {
    CHECK(set_of(16, {0}).to_wire() == std::string("\x80\x00", 2));
    CHECK(set_of(16, {7, 8}).to_wire() == "\x01\x80");
    CHECK(set_of(11, {10}).to_wire() == std::string("\x00\x20", 2));
    CHECK(ChunkSet::full(11).to_wire() == "\xff\xe0");
    CHECK(ChunkSet().to_wire().empty());
}

TEST_CASE("a bitmap of another size is none of this file") {
    auto const chunks = GENERATE(0U, 1U, 8U, 9U, 64U, 1000U);
    auto const bytes = (chunks + 7) / 8;
    CHECK(ChunkSet::from_wire(std::string(bytes, '\0'), chunks) == ChunkSet(chunks));
    CHECK_FALSE(ChunkSet::from_wire(std::string(bytes + 1, '\0'), chunks));
    if (bytes > 0) {
        CHECK_FALSE(ChunkSet::from_wire(std::string(bytes - 1, '\0'), chunks));
    }
}

TEST_CASE("a bitmap with a spare bit set is refused") {
    for (std::uint32_t chunks = 1; chunks <= 17; ++chunks) {
        auto const bits = (chunks + 7) / 8 * 8;
        for (std::uint32_t spare = chunks; spare < bits; ++spare) {
            auto bitmap = ChunkSet::full(chunks).to_wire();
            CHECK(ChunkSet::from_wire(bitmap, chunks) == ChunkSet::full(chunks));
            bitmap.back() = static_cast<char>(bitmap.back() | 1 << (7 - spare % 8));
            CHECK_FALSE(ChunkSet::from_wire(bitmap, chunks));
        }
    }
}

TEST_CASE("the largest file's bitmap goes over the wire and back") {
    constexpr std::uint32_t chunks = 1024 * 1024;
    auto set = ChunkSet::full(chunks);
    set.erase(chunks - 1);
    set.erase(12'345);
    auto const bitmap = set.to_wire();
    CHECK(bitmap.size() == 128 * 1024);
    CHECK(ChunkSet::from_wire(bitmap, chunks) == set);
}

TEST_CASE("a set does what a set of numbers does") {
    for_each_seed(200, [](std::uint64_t seed) {
        Dice dice(seed);
        auto const chunks = static_cast<std::uint32_t>(dice.number(1, 300));
        Pair a(chunks);
        Pair b(chunks);
        for (int step = 0; step < 200; ++step) {
            a.change(dice);
            b.change(dice);
        }
        a.check();
        b.check();
        Chunks both;
        std::ranges::set_intersection(a.model, b.model, std::back_inserter(both));
        must(common(a.set, b.set) == both, "what is in both is visited in order");
        must(intersect(a.set, b.set) == !both.empty(), "sets intersect if a chunk is in both");
        must((a.set == b.set) == (a.model == b.model), "sets are equal if their members are");
        a.set.unite(b.set);
        a.model.insert(b.model.begin(), b.model.end());
        a.check();
        b.check();
    });
}
