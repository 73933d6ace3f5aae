// What every handout plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "handouts.hpp"

#include <array>
#include <limits>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

constexpr auto most_transfers = std::numeric_limits<std::uint32_t>::max();

std::string any_handout() {
    return GENERATE(as<std::string>{}, "mixed", "anysource", "completefirst", "lessbusy",
                    "samerack", "samerack:far=0", "samerack:far=1000");
}

/// Anything that a tracker may show, the extremes more often than chance would have them.
class RandomFinds {
  public:
    explicit RandomFinds(std::uint64_t seed) : random_(seed) {}

    std::vector<HandoutSource> sources(std::size_t least = 2) {
        std::vector<HandoutSource> all(least + random_.rng().below(40));
        for (auto& source : all) {
            source = {
                .flags = XFSBUS_HANDOUT_SOURCE_COMPLETE,
                .source_id = random_.next(),
                .draw = extreme(random_.next(), std::uint64_t{0}, ~std::uint64_t{0}),
                .host = one_of("10.0.0.1", "10.0.1.1", "2001:db8::1", ""),
                .labels = one_of("", "rack=a", "idc=x,rack=b", "rack="),
                .completeness = 1.0,
                .port = static_cast<std::uint32_t>(random_.rng().below(65'536)),
                .load = extreme(static_cast<std::uint32_t>(random_.next()), 0U, most_transfers)};
            if (random_.rng().below(2) == 0) {
                source.flags = 0;
                source.completeness = static_cast<double>(random_.rng().below(100)) / 100.0;
            }
        }
        return all;
    }

    HandoutRequest request(std::size_t sources) {
        return {.wanted = static_cast<std::uint32_t>(1 + random_.rng().below(sources - 1)),
                .file_bytes = random_.next(),
                .asker_host = one_of("10.0.0.7", "10.0.1.7", "2001:db8::7", ""),
                .asker_labels = one_of("", "rack=a", "rack=b", "rack=")};
    }

  private:
    template <class Number>
    Number extreme(Number any, Number low, Number high) {
        std::array const all{low, high, any, any};
        return all.at(random_.rng().below(all.size()));
    }

    template <class... Texts>
    char const* one_of(Texts... texts) {
        std::array<char const*, sizeof...(Texts)> const all{texts...};
        return all.at(random_.rng().below(all.size()));
    }

    SeededRandom random_;
};

}  // namespace

TEST_CASE("A handout says what it is") {
    auto const factory =
        load_handout(parse_plugin_spec(any_handout()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "handout");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
}

TEST_CASE("Ten thousand random finds are ranked without a fault, and each the same every time") {
    auto const plugin = any_handout();
    auto const one = handout(plugin);
    auto const two = handout(plugin);
    RandomFinds finds(2024);
    std::size_t differences = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const sources = finds.sources();
        auto const request = finds.request(sources.size());
        differences += ranks(*one, request, sources) == ranks(*two, request, sources) ? 0U : 1U;
    }
    CHECK(differences == 0);
    CHECK(one->counters().picks == 10'000);
    CHECK(one->counters().faults == 0);
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
    RandomFinds finds(7);
    for (int i = 0; i < 200; ++i) {
        auto sources = finds.sources(30);
        auto const request = finds.request(20);
        for (std::size_t k = 0; k < sources.size(); ++k) {
            sources[k].source_id = k;
            sources[k].draw = k * 0x9e3779b97f4a7c15U;  // equal draws could be named in any order
        }
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
