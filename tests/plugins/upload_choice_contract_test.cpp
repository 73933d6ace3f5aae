// What every upload-choice plug-in has to keep to, whatever its rule.
#include "catch.hpp"
#include "upload_choices.hpp"

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string any_upload_choice() {
    return GENERATE(as<std::string>{}, "fair", "longestfirst", "titfortat", "titfortat:slots=2",
                    "titfortat:slots=1000");
}

}  // namespace

TEST_CASE("An upload choice says what it is") {
    auto const factory =
        load_upload_choice(parse_plugin_spec(any_upload_choice()), PluginPath({XFS_TEST_PLUGINS}));
    CHECK(factory->info().kind == "upload-choice");
    CHECK_FALSE(factory->info().description.empty());
    CHECK(factory->make()->name() == factory->info().name);
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
