#include "catch.hpp"

#include <xfsbus/policies/host/guarded_selector.hpp>

#include <algorithm>
#include <set>

using namespace xfsbus::policies;

namespace {

/// Wants only sources with less load than 10.
class Picky final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].load < 10) {
                return i;
            }
        }
        return std::nullopt;
    }
};

std::vector<SourceView> with_loads(std::vector<std::uint32_t> const& loads) {
    std::vector<SourceView> sources(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
        sources[i].source_id = i;
        sources[i].load = loads[i];
    }
    return sources;
}

}  // namespace

TEST_CASE("Ranking orders the sources as they would be picked, the first of equals first") {
    SeededRandom random(1);
    LoadLatency selector;
    CHECK(rank(selector, RequestView{}, with_loads({3, 1, 2, 1}), random.rng()) ==
          std::vector<std::size_t>{1, 3, 2, 0});
    CHECK(rank(selector, RequestView{}, {}, random.rng()).empty());
}

TEST_CASE("Sources that the policy does not want come last, as they were given") {
    SeededRandom random(1);
    Picky selector;
    CHECK(rank(selector, RequestView{}, with_loads({20, 1, 10, 2}), random.rng()) ==
          std::vector<std::size_t>{1, 3, 0, 2});
}

TEST_CASE("The random numbers of a seed are those of the published algorithm") {
    // Computed apart from this code, from the reference definitions in another language.
    SeededRandom random(42);
    CHECK(random.next() == 0x15780b2e0c2ec716U);
    CHECK(random.next() == 0x6104d9866d113a7eU);
    CHECK(random.rng()() == 0xae17533239e499a1U);
}

TEST_CASE("Different seeds give different numbers, numbers below a bound reach all of them") {
    SeededRandom one(1);
    SeededRandom two(2);
    CHECK(one.next() != two.next());
    std::set<std::size_t> seen;
    for (int i = 0; i < 200; ++i) {
        auto const value = one.rng().below(7);
        CHECK(value < 7);
        seen.insert(value);
    }
    CHECK(seen.size() == 7);
}
