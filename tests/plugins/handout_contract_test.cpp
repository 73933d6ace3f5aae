// What every handout plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "handouts.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string any_handout() {
    return GENERATE(as<std::string>{}, "mixed", "anysource", "completefirst", "lessbusy",
                    "samerack", "samerack:far=0", "samerack:far=1000");
}

}  // namespace

TEST_CASE("A handout says what it is") {
    auto const factory =
        load_handout(parse_plugin_spec(any_handout()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "handout");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
}

TEST_CASE("Sources without a name, a label or a place are ranked as well") {
    auto const policy = handout(any_handout());
    std::vector<HandoutSource> sources(5);
    for (auto& source : sources) {
        source.host = source.labels = "";
    }
    auto request = handout_request(2);
    request.asker_host = "";
    CHECK(named(*policy, request, sources).size() == 2);
}

TEST_CASE(
    "When one of those named is gone the others are named again, and one comes in its place") {
    auto const policy = handout(any_handout());
    SeededRandom random(7);
    for (int i = 0; i < 200; ++i) {
        std::vector<HandoutSource> sources;
        for (std::uint32_t k = 0; k < 40; ++k) {
            sources.push_back(handout_source(k));
            sources.back().draw = random.next();
            sources.back().load = static_cast<std::uint32_t>(random.rng().below(4));
            sources.back().labels = random.rng().below(2) == 0 ? "rack=a" : "";
            if (random.rng().below(2) == 0) {
                sources.back().flags = 0;
                sources.back().completeness = static_cast<double>(random.rng().below(100)) / 100;
            }
        }
        auto const request =
            handout_request(1 + static_cast<std::uint32_t>(random.rng().below(20)));
        auto const before = named(*policy, request, sources);
        std::erase_if(sources, [&](auto const& each) { return each.source_id == before.front(); });
        auto const after = named(*policy, request, sources);
        std::size_t const stayed =
            static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [&](auto id) {
                return std::find(after.begin(), after.end(), id) != after.end();
            }));
        REQUIRE(after.size() == before.size());
        REQUIRE(stayed == before.size() - 1);
    }
}

TEST_CASE("Ten thousand sources are ranked at once") {
    auto const policy = handout(any_handout());
    std::vector<HandoutSource> sources;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        sources.push_back(handout_source(i));
    }
    CHECK(named(*policy, handout_request(64), sources).size() == 64);
    CHECK(policy->counters().picks == 1);
}
