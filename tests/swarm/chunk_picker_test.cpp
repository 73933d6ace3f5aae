#include "chunk_sets.hpp"
#include "ranks.hpp"
#include "seeds.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/swarm/chunk_picker.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

using State = ChunkBoard::State;

/// So many chunks of 100 bytes, the last one of 40.
ChunkBoard::File file_of(std::uint32_t chunks) {
    return {chunks * 100ULL - 60, 100, chunks};
}

/// Ranks by copies, and keeps what it was asked.
class Recording final : public ChunkPicker::Order {
  public:
    std::vector<policies::ChunkView> seen;
    int calls = 0;
    std::uint64_t changed = 0;

    [[nodiscard]] std::uint64_t edition() const override { return changed; }

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng&) override {
        ++calls;
        seen.assign(chunks.begin(), chunks.end());
        std::ranges::transform(chunks, ranks.begin(),
                               [](auto const& view) { return static_cast<double>(view.copies); });
    }

    [[nodiscard]] Chunks chunks() const {
        Chunks all;
        for (auto const& view : seen) {
            all.push_back(view.chunk);
        }
        std::ranges::sort(all);
        return all;
    }
};

/// A picker with its order and its chance.
struct Picker {
    explicit Picker(std::uint32_t chunks, std::uint64_t seed = 1, std::uint32_t head = 0)
        : content({}, file_of(chunks), ChunkSet(chunks)),
          random(seed),
          order(head),
          board(content),
          picker(board, order, random.rng()) {}

    ContentState content;
    policies::SeededRandom random;
    Ranks order;
    ChunkBoard board;
    ChunkPicker picker;

    void store(std::uint32_t chunk) {
        board.set_state(chunk, State::arrived);
        content.gained(chunk);
    }

    /// All chunks, in the order in which they would be asked for.
    Chunks sequence() {
        Chunks all;
        auto const available = ChunkSet::full(board.file().chunks);
        while (auto const chunk = picker.best(available)) {
            board.set_state(*chunk, State::asked);
            all.push_back(*chunk);
        }
        return all;
    }
};

Chunks sorted(Chunks chunks) {
    std::ranges::sort(chunks);
    return chunks;
}

}  // namespace

TEST_CASE("A chunk order is not asked about a file of one chunk") {
    std::uint32_t const chunks = GENERATE(1U, 2U);
    ContentState const content({}, file_of(chunks), ChunkSet(chunks));
    policies::SeededRandom random(1);
    Recording order;
    ChunkBoard const board(content);
    ChunkPicker picker(board, order, random.rng());
    picker.add_source(ChunkSet::full(chunks));
    CHECK(picker.best(ChunkSet::full(chunks)));
    CHECK(order.calls == (chunks == 1 ? 0 : 1));
}

// ---- the order ----

TEST_CASE("all chunks that are not stored are ranked anew by an order that has changed") {
    ContentState content({}, file_of(4), ChunkSet(4));
    policies::SeededRandom random(1);
    Recording order;
    ChunkBoard board(content);
    ChunkPicker picker(board, order, random.rng());
    auto const available = ChunkSet::full(4);
    static_cast<void>(picker.best(available));
    board.set_state(2, State::arrived);
    content.gained(2);
    static_cast<void>(picker.best(available));
    CHECK(order.calls == 1);
    ++order.changed;
    static_cast<void>(picker.best(available));
    CHECK(order.calls == 2);
    CHECK(order.chunks() == Chunks{0, 1, 3});
    static_cast<void>(picker.best(available));
    CHECK(order.calls == 2);
}

TEST_CASE("all chunks are ranked anew when the play head comes to another one, and see it") {
    ContentState content({}, file_of(4), ChunkSet(4));
    policies::SeededRandom random(1);
    Recording order;
    ChunkBoard const board(content);
    ChunkPicker picker(board, order, random.rng());
    auto const available = ChunkSet::full(4);
    picker.set_play_head(50, 7);
    static_cast<void>(picker.best(available));
    REQUIRE(order.seen.size() == 4);
    CHECK(order.seen[3].offset_bytes == 300);
    CHECK(order.seen[0].play_head_bytes == 50);
    CHECK(order.seen[0].play_bytes_per_s == 7);
    picker.set_play_head(99, 7);
    static_cast<void>(picker.best(available));
    CHECK(order.calls == 1);
    picker.set_play_head(100, 7);
    static_cast<void>(picker.best(available));
    CHECK(order.calls == 2);
    CHECK(order.chunks() == Chunks{0, 1, 2, 3});
    CHECK(order.seen[0].play_head_bytes == 100);
}

// ---- which is next ----

TEST_CASE("of no chunks nothing is asked for") {
    policies::SeededRandom random(1);
    Ranks order;
    ContentState const content({}, {0, 100, 0}, ChunkSet(0));
    ChunkBoard const board(content);
    ChunkPicker picker(board, order, random.rng());
    CHECK_FALSE(picker.best(ChunkSet()));
}

TEST_CASE("only chunks that are needed and available come next") {
    Picker it(8);
    auto& board = it.board;
    auto& picker = it.picker;
    board.set_state(1, State::asked);
    board.set_state(2, State::arrived);
    it.store(3);
    CHECK_FALSE(picker.best(ChunkSet(8)));
    CHECK_FALSE(picker.best(set_of(8, {1, 2, 3})));
    CHECK(picker.best(set_of(8, {1, 2, 3, 6})) == 6);
    board.set_state(1, State::needed);
    CHECK(picker.best(set_of(8, {1, 2, 3})) == 1);
}

TEST_CASE("what fewest sources have comes first") {
    Picker it(4);
    auto& picker = it.picker;
    picker.add_source(set_of(4, {0, 1, 2, 3}));
    picker.add_source(set_of(4, {0, 1, 2}));
    picker.add_source(set_of(4, {0, 2}));
    picker.add_copy(0);
    CHECK(it.sequence() == Chunks{3, 1, 2, 0});
}

TEST_CASE("copies of a source that went away do not count any more") {
    Picker it(3);
    auto& picker = it.picker;
    auto const first = set_of(3, {0, 1});
    picker.add_source(first);
    picker.add_source(set_of(3, {1, 2}));
    picker.add_source(set_of(3, {2}));
    picker.add_source(set_of(3, {2}));
    picker.add_copy(0);
    picker.add_copy(0);
    CHECK(picker.best(ChunkSet::full(3)) == 1);  // 3, 2 and 3 copies
    picker.remove_source(set_of(3, {2}));
    picker.remove_source(set_of(3, {2}));
    CHECK(it.sequence() == Chunks{2, 1, 0});
}

TEST_CASE("chunks that equally many sources have come in random order, which stays the same") {
    Picker it(100);
    auto const available = ChunkSet::full(100);
    auto const first = it.picker.best(available);
    for (int i = 0; i < 10; ++i) {
        CHECK(it.picker.best(available) == first);
    }
    auto const sequence = it.sequence();
    CHECK(sorted(sequence) == sorted(Picker(100).sequence()));
    CHECK(sequence != sorted(sequence));
    CHECK(sequence == Picker(100).sequence());
    CHECK(sequence != Picker(100, 2).sequence());
    // A chunk that was asked for in vain takes its old place again.
    for (std::uint32_t chunk = 0; chunk < 100; ++chunk) {
        it.board.set_state(chunk, State::needed);
    }
    CHECK(it.sequence() == sequence);
}

TEST_CASE("equal chunks stand in an order that has nothing to do with their number") {
    std::array<int, 10> first{};
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        ++first.at(Picker(10, seed).sequence().front());
    }
    for (int const times : first) {
        CHECK(times > 50);
        CHECK(times < 200);
    }
}

TEST_CASE("the order policy decides, also against the number of copies") {
    Picker it(6, 1, 3);
    it.picker.add_source(set_of(6, {0, 1, 2}));
    auto const sequence = it.sequence();
    CHECK(Chunks(sequence.begin(), sequence.begin() + 3) == Chunks{0, 1, 2});
}

// ---- what the policy is asked ----

TEST_CASE("the policy sees every chunk at first, and then those whose copies changed") {
    policies::SeededRandom random(1);
    Recording order;
    ContentState content({}, file_of(5), ChunkSet(5));
    ChunkBoard board(content);
    ChunkPicker picker(board, order, random.rng());
    CHECK(order.calls == 0);
    auto const all = ChunkSet::full(5);
    picker.best(all);
    CHECK(order.calls == 1);
    CHECK(order.chunks() == Chunks{0, 1, 2, 3, 4});
    picker.best(all);
    CHECK(order.calls == 1);
    picker.add_source(set_of(5, {1, 4}));
    picker.add_copy(4);
    picker.best(all);
    CHECK(order.calls == 2);
    CHECK(order.chunks() == Chunks{1, 4});
    picker.remove_source(set_of(5, {1}));
    picker.best(all);
    CHECK(order.calls == 3);
    CHECK(order.chunks() == Chunks{1});
    board.set_state(3, State::asked);
    picker.best(all);
    CHECK(order.calls == 3);
}

TEST_CASE("the policy is told of a chunk what it has to know") {
    policies::SeededRandom random(1);
    Recording order;
    ContentState content({}, file_of(5), ChunkSet(5));
    ChunkBoard const board(content);
    ChunkPicker picker(board, order, random.rng());
    picker.add_source(set_of(5, {4}));
    picker.add_source(set_of(5, {4}));
    picker.add_source(ChunkSet(5));
    picker.best(ChunkSet::full(5));
    auto const last = std::ranges::find(order.seen, 4U, &policies::ChunkView::chunk);
    REQUIRE(last != order.seen.end());
    CHECK(last->chunks == 5);
    CHECK(last->copies == 2);
    CHECK(last->sources == 3);
    CHECK(last->bytes == 40);
    picker.remove_source(set_of(5, {4}));
    picker.best(ChunkSet::full(5));
    REQUIRE(order.chunks() == Chunks{4});
    CHECK(order.seen[0].copies == 1);
    CHECK(order.seen[0].sources == 2);
}

TEST_CASE("the policy is not asked about chunks that are stored, but about all others") {
    policies::SeededRandom random(1);
    Recording order;
    ContentState content({}, file_of(5), ChunkSet(5));
    ChunkBoard board(content);
    ChunkPicker picker(board, order, random.rng());
    auto const all = ChunkSet::full(5);
    picker.best(all);
    board.set_state(0, State::asked);
    board.set_state(1, State::arrived);
    board.set_state(2, State::arrived);
    content.gained(2);
    picker.add_source(all);
    picker.best(all);
    CHECK(order.chunks() == Chunks{0, 1, 3, 4});
}
