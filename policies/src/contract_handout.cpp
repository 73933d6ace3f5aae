#include "contract_ranks.hpp"
#include "random_finds.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t finds_tried = 10'000;
constexpr std::size_t sources_of_many = 10'000;

struct RandomFind {
    HandoutRequest request;
    std::vector<HandoutSource> sources;
};

std::vector<HandoutSource> many_sources() {
    RandomFinds finds(7);
    std::vector<HandoutSource> all;
    while (all.size() < sources_of_many) {
        auto const some = finds.sources();
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace

ContractTrial try_handout(LoadPlugin const& load) {
    RandomFinds finds(2024);
    auto const find_among = [&](std::vector<HandoutSource> sources) {
        auto const request = finds.request(sources.size());
        return RandomFind{request, std::move(sources)};
    };
    return try_ranking<HandoutFactory>(
        load, finds_tried,
        {.of_many = "ten thousand sources are ranked within 10 ms",
         .same = "the same sources and the same draws have the same ranks"},
        [&] { return find_among(finds.sources()); }, [&] { return find_among(many_sources()); },
        [](GuardedHandout& handout, RandomFind const& find) {
            std::vector<double> ranks(find.sources.size());
            handout.rank(find.request, find.sources, ranks);
            return ranks;
        });
}

}  // namespace xfsbus::policies
