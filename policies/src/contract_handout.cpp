#include "contract.hpp"
#include "random_finds.hpp"

#include <xfsbus/policies/host/handout_factory.hpp>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t finds_tried = 10'000;
constexpr std::size_t sources_of_many = 10'000;

std::vector<double> ranks_of(GuardedHandout& handout, HandoutRequest const& request,
                             std::vector<HandoutSource> const& sources) {
    std::vector<double> ranks(sources.size());
    handout.rank(request, sources, ranks);
    return ranks;
}

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
    FirstComplaint complaint;
    FirstComplaint of_many;
    HandoutFactory const here(load());
    HandoutFactory const there(load());
    auto const one = here.make(complaint.guard());
    auto const two = there.make(complaint.guard());
    RandomFinds finds(2024);
    std::uint64_t differences = 0;
    for (std::uint64_t i = 0; i < finds_tried; ++i) {
        auto const sources = finds.sources();
        auto const request = finds.request(sources.size());
        differences += ranks_of(*one, request, sources) == ranks_of(*two, request, sources) ? 0 : 1;
    }
    auto const sources = many_sources();
    ranks_of(*here.make(of_many.guard()), finds.request(sources.size()), sources);
    auto const& counters = one->counters();
    return {.plugin = {},
            .rules = {{"every rank is a finite number, and nothing is thrown",
                       counters.faults > 0 ? complaint.text() : ""},
                      {"ten thousand sources are ranked within 10 ms", of_many.text()},
                      {"the same sources and the same draws have the same ranks",
                       differed(differences, finds_tried)}},
            .decisions = counters.picks,
            .spent = counters.spent};
}

}  // namespace xfsbus::policies
