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
