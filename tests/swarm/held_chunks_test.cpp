#include "fetch.hpp"

#include <xfsbus/swarm/held_chunks.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

constexpr wire::Time held_from{1000s};

}  // namespace

TEST_CASE("a chunk is held until its time has come, and remembered until it is released") {
    HeldChunks held;
    held.hold(held_from, 7, {.until = held_from + 500ms, .bytes = 100, .waits_for = source(1)});
    CHECK(held.held(held_from) == Chunks{7});
    CHECK(held.bytes_for(held_from, source(1)) == 100);
    CHECK(held.next(held_from) == held_from + 500ms);
    CHECK(held.held(held_from + 500ms).empty());
    CHECK(held.bytes_for(held_from + 500ms, source(1)) == 0);
    CHECK_FALSE(held.next(held_from + 500ms));
    held.hold(held_from + 500ms, 7, {.until = held_from + 1s});
    CHECK(held.find(7)->since == held_from);
    held.release(7);
    CHECK(held.find(7) == nullptr);
}

TEST_CASE("news of a source concern what waits for it, and what waits for nobody") {
    HeldChunks held;
    held.hold(held_from, 1, {.until = held_from + 1s, .waits_for = source(1)});
    held.hold(held_from, 2, {.until = held_from + 1s, .waits_for = source(2)});
    held.hold(held_from, 3, {.until = held_from + 1s});
    held.on_news_of(held_from, source(1));
    CHECK(held.held(held_from) == Chunks{2});
    held.on_news_of(held_from, 2U);
    CHECK(held.held(held_from).empty());
}

TEST_CASE("no more than thirty-two chunks are held") {
    HeldChunks held;
    for (std::uint32_t chunk = 0; chunk < HeldChunks::most; ++chunk) {
        REQUIRE(held.has_room(held_from));
        held.hold(held_from, chunk, {.until = held_from + 1s});
    }
    CHECK_FALSE(held.has_room(held_from));
}

TEST_CASE("chunks that were held leave room for others") {
    HeldChunks held;
    for (std::uint32_t chunk = 0; chunk < HeldChunks::most; ++chunk) {
        held.hold(held_from, chunk, {.until = held_from + 1s});
    }
    held.on_news_of(held_from, 7U);
    REQUIRE(held.has_room(held_from));
    held.hold(held_from, 100, {.until = held_from + 1s});
    CHECK(held.find(7) == nullptr);
    CHECK(held.held(held_from).size() == HeldChunks::most);
}
