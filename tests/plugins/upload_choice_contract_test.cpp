// What every upload-choice plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "upload_choices.hpp"

#include <array>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string any_upload_choice() {
    return GENERATE(as<std::string>{}, "fair", "longestfirst", "titfortat", "titfortat:slots=2",
                    "titfortat:slots=1000");
}

/// Anything that a peer may show, the extremes more often than chance would have them.
class RandomDecisions {
  public:
    explicit RandomDecisions(std::uint64_t seed) : random_(seed) {}

    std::vector<UploadSinkView> sinks() {
        std::vector<UploadSinkView> all(1 + random_.rng().below(20));
        for (auto& sink : all) {
            sink = upload_sink(static_cast<std::uint32_t>(random_.rng().below(50)));
            sink.copies = static_cast<std::uint32_t>(random_.rng().below(3));
            sink.draw = whole();
            sink.content = random_.rng().below(3);
            sink.bytes = whole();
            sink.share_bytes = whole();
            sink.waits_us = whole();
            sink.served_us = whole();
            sink.delivers_bytes_per_s =
                random_.rng().below(2) == 0 ? 0.0 : static_cast<double>(whole());
        }
        return all;
    }

    /// Time goes on, seldom by much.
    UploadRequest request() {
        now_us_ += random_.rng().below(random_.rng().below(20) == 0 ? 60'000'000 : 100'000);
        return {.places = static_cast<std::uint32_t>(whole()), .now_us = now_us_};
    }

  private:
    std::uint64_t whole() {
        std::array<std::uint64_t, 4> const all{0, ~std::uint64_t{0}, random_.next(),
                                               random_.next()};
        return all.at(random_.rng().below(all.size()));
    }

    SeededRandom random_;
    std::uint64_t now_us_ = 1;
};

}  // namespace

TEST_CASE("An upload choice says what it is") {
    auto const factory =
        load_upload_choice(parse_plugin_spec(any_upload_choice()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "upload-choice");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
}

TEST_CASE("Ten thousand random decisions are made without a fault, and again the same") {
    auto const plugin = any_upload_choice();
    auto const one = upload_choice(plugin);
    auto const two = upload_choice(plugin);
    RandomDecisions decisions(2024);
    std::size_t differences = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const sinks = decisions.sinks();
        auto const request = decisions.request();
        differences += ranks(*one, request, sinks) == ranks(*two, request, sinks) ? 0U : 1U;
    }
    CHECK(differences == 0);
    CHECK(one->counters().picks == 10'000);
    CHECK(one->counters().faults == 0);
}

TEST_CASE("Eight thousand sinks are ranked at once") {
    auto const policy = upload_choice(any_upload_choice());
    std::vector<UploadSinkView> sinks;
    for (std::uint32_t i = 0; i < 8'000; ++i) {
        sinks.push_back(upload_sink(i));
        sinks.back().delivers_bytes_per_s = i;
    }
    CHECK(ranks(*policy, upload_request(), sinks).size() == sinks.size());
    CHECK(policy->counters().picks == 1);
}

TEST_CASE("Sinks that are equal in all but their share are served in the order of their shares") {
    auto const policy = upload_choice(any_upload_choice());
    std::vector<UploadSinkView> sinks;
    for (std::uint32_t i = 0; i < 10; ++i) {
        sinks.push_back(upload_sink(i));
        sinks.back().share_bytes = 1000 - i;
    }
    CHECK(served(*policy, upload_request(), sinks) == 9);
}
