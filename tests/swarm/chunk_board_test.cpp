#include "seeds.hpp"

#include <xfsbus/swarm/chunk_board.hpp>

#include <cstdint>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

using State = ChunkBoard::State;

/// So many chunks of 100 bytes, the last one of 40, and how far they are.
struct Board {
    explicit Board(std::uint32_t chunks)
        : content({}, {chunks * 100ULL - 60, 100, chunks}, ChunkSet(chunks)), board(content) {}

    void store(std::uint32_t chunk) {
        board.set_state(chunk, State::arrived);
        content.gained(chunk);
    }

    ContentState content;
    ChunkBoard board;
};

}  // namespace

TEST_CASE("a chunk has its place and its length, the last one what is left") {
    ChunkBoard::File const file{240, 100, 3};
    CHECK(file.offset(2) == 200);
    CHECK(file.length(1) == 100);
    CHECK(file.length(2) == 40);
    ChunkBoard::File const largest{1ULL << 42U, 4U << 20U, 1U << 20U};
    CHECK(largest.offset((1U << 20U) - 1) == (1ULL << 42U) - (4U << 20U));
    CHECK(largest.length((1U << 20U) - 1) == 4U << 20U);
}

TEST_CASE("chunks go through their states, and what is needed is counted") {
    Board it(3);
    auto& board = it.board;
    CHECK(board.needed_bytes() == 240);
    board.set_state(2, State::asked);
    CHECK(board.needed_bytes() == 200);
    CHECK_FALSE(board.needed().contains(2));
    board.set_state(2, State::needed);
    CHECK(board.needed_bytes() == 240);
    CHECK(board.needed().contains(2));
    board.set_state(2, State::asked);
    board.set_state(2, State::arrived);
    CHECK(board.needed_bytes() == 200);
    it.store(2);
    CHECK(board.state(2) == State::stored);
    it.store(0);
    it.store(1);
    CHECK(board.needed().empty());
    CHECK(board.needed_bytes() == 0);
}

TEST_CASE("whatever states chunks take, the counts are those of the states") {
    for_each_seed(50, [](std::uint64_t seed) {
        Dice dice(seed);
        auto const chunks = static_cast<std::uint32_t>(dice.number(1, 100));
        Board it(chunks);
        auto& board = it.board;
        for (int step = 0; step < 300; ++step) {
            auto const chunk = static_cast<std::uint32_t>(dice.number(0, chunks - 1));
            auto const state = static_cast<State>(dice.number(0, 3));
            if (state == State::stored) {
                it.store(chunk);
            } else if (board.state(chunk) != State::stored) {
                board.set_state(chunk, state);
            }
        }
        std::uint64_t needed_bytes = 0;
        for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
            auto const state = board.state(chunk);
            needed_bytes += state == State::needed ? board.file().length(chunk) : 0;
            must(board.needed().contains(chunk) == (state == State::needed), "what is needed");
        }
        must(board.needed_bytes() == needed_bytes, "the bytes that are needed");
    });
}
