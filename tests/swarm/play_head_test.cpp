#include "catch.hpp"

#include <xfsbus/swarm/play_head.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

constexpr wire::Time begin{1000s};

/// Four chunks of 100 bytes, the last one of 40.
struct Reader {
    ContentState content{{}, {340, 100, 4}, ChunkSet(4)};
    PlayHead head;

    /// As a download does it.
    void gain(wire::Duration at, std::uint32_t chunk) {
        head.advance(begin + at, content);
        content.gained(chunk);
    }

    std::uint64_t at(wire::Duration time) {
        head.advance(begin + time, content);
        return head.position();
    }
};

}  // namespace

TEST_CASE("a play head moves at its rate, and stands still where something is missing") {
    Reader reader;
    reader.gain(0s, 0);
    reader.head.set(begin, 0, 50);
    CHECK(reader.at(1s) == 50);
    CHECK(reader.at(2s) == 100);
    CHECK(reader.head.stalled() == 0s);
    CHECK(reader.at(5s) == 100);
    CHECK(reader.head.stalled() == 3s);
    reader.gain(6s, 1);
    CHECK(reader.at(7s) == 150);
    CHECK(reader.head.stalled() == 4s);
}

TEST_CASE("time before the first byte is time that a reader waits, after the last one it is not") {
    Reader reader;
    reader.head.set(begin, 0, 100);
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
        reader.gain(2s, chunk);
    }
    CHECK(reader.at(4s) == 200);
    CHECK(reader.head.stalled() == 2s);
    CHECK(reader.at(60s) == 340);
    CHECK(reader.head.stalled() == 2s);
}

TEST_CASE("a play head that is set goes on from there, and one without a rate stays") {
    Reader reader;
    reader.gain(0s, 2);
    reader.head.set(begin, 0, 100);
    CHECK(reader.at(1s) == 0);
    reader.head.set(begin + 1s, 200, 100);
    CHECK(reader.at(1500ms) == 250);
    reader.head.set(begin + 2s, 290, 0);
    CHECK(reader.at(9s) == 290);
    CHECK(reader.head.stalled() == 1s);
}

TEST_CASE("a play head beyond the end of the file is harmless") {
    Reader reader;
    reader.head.set(begin, ~0ULL, ~0ULL);
    static_cast<void>(reader.at(1s));
    CHECK(reader.head.stalled() == 0s);
}
