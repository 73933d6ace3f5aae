// What each chunk-order plug-in does for its own part.
#include "catch.hpp"
#include "chunks.hpp"

#include <algorithm>
#include <limits>
#include <set>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// The numbers of the chunks as they would be asked for; equal ones as they are given.
std::vector<std::uint32_t> asked(std::string const& spec, std::vector<ChunkView> chunks) {
    auto const policy = chunk_order(spec);
    std::stable_sort(chunks.begin(), chunks.end(), [&](ChunkView const& a, ChunkView const& b) {
        return ranks(*policy, {a}) < ranks(*policy, {b});
    });
    std::vector<std::uint32_t> numbers;
    std::transform(chunks.begin(), chunks.end(), std::back_inserter(numbers),
                   [](ChunkView const& view) { return view.chunk; });
    return numbers;
}

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("rarest: what the fewest sources have comes first, equally rare chunks are equal") {
    auto const policy = chunk_order("rarest");
    CHECK(ranks(*policy, {chunk(0, 3), chunk(1, 1), chunk(2, 10), chunk(3, 1)}) ==
          std::vector{3.0, 1.0, 10.0, 1.0});
    CHECK(asked("rarest", {chunk(0, 3), chunk(1, 1), chunk(2, 10), chunk(3, 1)}) ==
          Numbers{1, 3, 0, 2});
}

TEST_CASE("rarest: a chunk that gets more copies waits for those that are rarer now") {
    auto const policy = chunk_order("rarest");
    CHECK(ranks(*policy, {chunk(5, 1)}) < ranks(*policy, {chunk(6, 2)}));
    CHECK(ranks(*policy, {chunk(5, 3)}) > ranks(*policy, {chunk(6, 2)}));
}

TEST_CASE("rarest: the first chunks of the file come before all others, in order, if so many") {
    std::vector<ChunkView> const chunks{chunk(4, 0), chunk(2, 1), chunk(1, 10), chunk(3, 5),
                                        chunk(0, 10)};
    CHECK(asked("rarest:head=0", chunks) == Numbers{4, 2, 3, 1, 0});
    CHECK(asked("rarest:head=2", chunks) == Numbers{0, 1, 4, 2, 3});
    CHECK(asked("rarest:head=3", chunks) == Numbers{0, 1, 2, 4, 3});
}

TEST_CASE("rarest: a head as long as files can be is the order of the file") {
    constexpr auto last = std::numeric_limits<std::uint32_t>::max() - 1;
    CHECK(asked("rarest:head=4294967295", {chunk(last), chunk(1), chunk(last - 1), chunk(0)}) ==
          Numbers{0, 1, last - 1, last});
}

TEST_CASE("rarest: the plug-in's default is the default of the built-in rule") {
    SeededRandom random(1);
    CHECK(ranks(*chunk_order("rarest"), {chunk(0, 3)}) ==
          std::vector{Rarest().rank(chunk(0, 3), random.rng())});
}

TEST_CASE("sequential: the order is that of the file, however rare a chunk is") {
    CHECK(asked("sequential", {chunk(3, 1), chunk(0, 10), chunk(99, 0), chunk(1, 5)}) ==
          Numbers{0, 1, 3, 99});
}

TEST_CASE("random: all chunks are equal, so that the order is left to chance, and stays equal") {
    auto const policy = chunk_order("randomorder");
    std::set<double> different;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        for (double const rank : ranks(*policy, {chunk(0, 1), chunk(1, 10), chunk(99, 0)}, seed)) {
            different.insert(rank);
        }
    }
    CHECK(different.size() == 1);
}

namespace {

/// Chunk `number` of 1 MiB, for somebody who reads so fast from here on.
ChunkView played(std::uint32_t number, std::uint64_t head_mib, double mib_per_s,
                 std::uint32_t copies = 5) {
    constexpr std::uint64_t mib = 1U << 20U;
    auto view = chunk(number, copies);
    view.offset_bytes = number * mib;
    view.play_head_bytes = head_mib * mib;
    view.play_bytes_per_s = mib_per_s * static_cast<double>(mib);
    return view;
}

}  // namespace

TEST_CASE(
    "streaming: what is read soon comes first, in order, then the rarest, then what is past") {
    auto const at = [](std::uint64_t head, double rate) {
        return std::vector{played(9, head, rate, 1), played(3, head, rate, 9),
                           played(5, head, rate, 9), played(0, head, rate, 1),
                           played(4, head, rate, 2), played(7, head, rate, 3)};
    };
    CHECK(asked("streaming:seconds=3,chunks=1", at(3, 1)) == Numbers{3, 4, 5, 9, 7, 0});
    CHECK(asked("streaming:seconds=3,chunks=1", at(4, 1)) == Numbers{4, 5, 9, 7, 0, 3});
    CHECK(asked("streaming:seconds=3,chunks=1", at(3, 2)) == Numbers{3, 4, 5, 7, 9, 0});
}

TEST_CASE("streaming: some chunks are fetched in order also where nobody says how fast is read") {
    std::vector const chunks{played(4, 0, 0, 1), played(1, 0, 0, 9), played(2, 0, 0, 3),
                             played(0, 0, 0, 9)};
    CHECK(asked("streaming:chunks=2", chunks) == Numbers{0, 1, 4, 2});
}

TEST_CASE("streaming: the chunk that the play head is in has not been passed") {
    auto half = played(3, 0, 1);
    half.play_head_bytes = half.offset_bytes + half.bytes - 1;
    auto past = half;
    past.play_head_bytes = half.offset_bytes + half.bytes;
    auto const policy = chunk_order("streaming");
    CHECK(ranks(*policy, {half}).front() < 0);
    CHECK(ranks(*policy, {past}).front() > 1e9);
}
