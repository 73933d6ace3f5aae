// A download of a file that is read while it comes.
#include "fetch.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// What the play head comes to first; counts how often all chunks are ranked.
class Ahead final : public policies::ChunkRanker {
  public:
    int times = 0;

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng&) override {
        times += chunks.size() > 1 ? 1 : 0;
        std::ranges::transform(chunks, ranks.begin(), [](auto const& chunk) {
            auto const ahead = static_cast<double>(chunk.offset_bytes) -
                               static_cast<double>(chunk.play_head_bytes);
            return ahead < 0 ? 1e9 : ahead;
        });
    }
};

/// A hundred chunks at one source, which has room for two.
struct Read {
    Read() {
        core.add_source(now, {source(1), "peer-1", "", 1, 0, 1});
        core.start(now);
        take();
    }

    /// The chunk that was asked for last.
    std::uint32_t take() {
        for (auto const& ask : core.take_actions().asks) {
            asked.insert(asked.end(), ask.chunks.begin(), ask.chunks.end());
        }
        return asked.back();
    }

    void deliver() {
        auto const chunk = asked.front();
        asked.erase(asked.begin());
        REQUIRE(core.on_chunk(now, source(1), chunk, file.offset(chunk), file.length(chunk)) ==
                Download::Verdict::take);
        core.on_checked(now, source(1), chunk, Download::Check::stored);
    }

    wire::Time now{1000s};
    Download::File file = file_of(100);
    ContentState content{{}, file, ChunkSet(100)};
    policies::LoadLatency selector;
    Ahead order;
    policies::SeededRandom random{1};
    Download core{content, limits_of(), {selector, order}, random.rng()};
    Chunks asked;
};

}  // namespace

TEST_CASE("what is asked for next follows the play head, also where nobody says its rate") {
    Read read;
    CHECK(read.asked == Chunks{0, 1});
    read.now += 200ms;
    read.core.play(read.now, 5'000, 0);
    read.deliver();
    CHECK(read.take() == 50);
    read.now += 200ms;
    read.core.play(read.now, 7'050, 100);
    read.deliver();
    CHECK(read.take() == 71);
}

TEST_CASE(
    "however often the play head is moved, all chunks are ranked ten times a second at most") {
    Read read;
    auto const before = read.order.times;
    for (int i = 0; i < 60; ++i) {
        read.now += 10ms;
        read.core.play(read.now, static_cast<std::uint64_t>(i) * 100, 0);
        read.deliver();
        read.take();
    }
    CHECK(read.order.times - before >= 5);
    CHECK(read.order.times - before <= 7);
}

TEST_CASE("a download tells how long its reader has waited") {
    Read read;
    read.core.play(read.now, 0, 100);
    read.now += 2s;
    read.deliver();
    CHECK(read.core.progress(read.now).stalled == 2s);
    read.take();
    read.now += 500ms;
    read.deliver();
    read.now += 1s;
    read.take();
    read.deliver();
    CHECK(read.core.progress(read.now).stalled == 2s);
}

TEST_CASE("what somebody waits for is asked for next at once, in the order of the file") {
    Read read;
    read.now += 200ms;
    read.core.play(read.now, 0, 0);
    read.deliver();
    REQUIRE(read.take() == 2);
    read.core.play(read.now, 9'850, 0, 1'000);  // the last chunk, and no further
    CHECK(read.take() == 98);                   // at once, though the window is full
    read.core.play(read.now, 4'050, 0, 200);
    CHECK(read.take() == 98);  // but no more than one
    read.deliver();
    CHECK(read.take() == 40);
    read.deliver();
    CHECK(read.take() == 40);  // what follows it has room in the window, or waits
    read.deliver();
    CHECK(read.take() == 41);
    read.deliver();
    CHECK(read.take() == 42);  // the last byte of 200 is in it
    read.deliver();
    CHECK(read.take() == 3);  // what the order says, which has not seen this head yet
}
