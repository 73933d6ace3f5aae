#include "catch.hpp"
#include "manifest_lies.hpp"

#include <xfsbus/swarm/manifest_fetcher.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

constexpr std::uint64_t small_file = 200'000;
/// Its manifest takes five answers.
constexpr std::uint64_t large_file = std::uint64_t{30'000} * 4 * 1024 * 1024;

using Sources = std::vector<ManifestWorld::Source>;

}  // namespace

TEST_CASE("A manifest is fetched from the first source, in as many parts as it takes") {
    ManifestWorld world;
    auto const size = GENERATE(small_file, large_file);
    auto const content = world.file(size);
    auto const first = world.honest();
    world.want(content, {first, world.honest()}, size);
    world.run();
    CHECK(world.had.contains(content));
    CHECK(world.core.wanted() == 0);
    CHECK(world.core.held_bytes() == 0);
    CHECK(world.asks.size() == (size == small_file ? 1 : 5));
    CHECK(std::ranges::all_of(world.asks, [&](auto const& ask) { return ask.source == first; }));
}

TEST_CASE("Whatever a source does instead, an honest one is soon heard, and wins") {
    auto const lie = GENERATE(from_range(lies()));
    auto const size = GENERATE(small_file, large_file);
    auto const hint = GENERATE(as<std::uint64_t>{}, 0, small_file, large_file,
                               wire::limits::file_bytes, ~std::uint64_t{0});
    auto const place = GENERATE(0, 1, 2);
    CAPTURE(lie.name, size, hint, place);
    ManifestWorld world;
    auto const content = world.file(size);
    Sources sources;
    for (int i = 0; i < 3; ++i) {
        sources.push_back(i == place ? world.honest() : world.source(lie.make(world)));
    }
    auto const began = world.now;
    world.want(content, sources, hint);
    world.run();
    REQUIRE(world.had.contains(content));
    CHECK(world.had.at(content) - began < 3s);
    CHECK(world.failed.empty());
    CHECK(world.core.held_bytes() == 0);
    for (auto const& liar : world.discredited) {
        CHECK(lie.provable);
        CHECK(liar.content == content);
        CHECK(liar.source != sources[static_cast<std::size_t>(place)]);
        CHECK_FALSE(liar.why.empty());
    }
}

TEST_CASE("Where there is no honest source, the error says what each has done") {
    auto const lie = GENERATE(from_range(lies()));
    CAPTURE(lie.name);
    ManifestWorld world;
    auto const content = world.file(small_file);
    Sources const sources{world.source(lie.make(world)), world.source(lie.make(world))};
    auto const began = world.now;
    world.want(content, sources);
    world.run();
    REQUIRE(world.failed.contains(content));
    auto const& error = world.failed.at(content);
    INFO(error.message);
    CHECK(error.code == lie.alone);
    bool const says_whose = lie.alone != Errc::network;  // the link does
    for (auto const& source : sources) {
        CHECK((!says_whose || error.message.find(source.to_string()) != std::string::npos));
    }
    CHECK(world.discredited.size() == (lie.provable ? 2 : 0));
    CHECK(world.now - began < 150s);
    CHECK(world.core.wanted() == 0);
    CHECK(world.core.held_bytes() == 0);
}

TEST_CASE("A crowd of liars does not keep an honest source from being heard") {
    auto all = lies();
    auto const one_kind = GENERATE(range(-1, 18));  // -1: some of each
    if (one_kind >= 0) {
        all = {all.at(static_cast<std::size_t>(one_kind))};
    }
    auto const size = GENERATE(small_file, large_file);
    CAPTURE(all.front().name, all.size(), size);
    ManifestWorld world;
    auto const content = world.file(size);
    Sources sources;
    for (std::size_t i = 0; i < wire::limits::found_sources - 1; ++i) {
        sources.push_back(world.source(all[i % all.size()].make(world)));
    }
    sources.push_back(world.honest());
    auto const began = world.now;
    world.want(content, sources, size);
    world.run();
    CHECK(world.had.contains(content));
    CHECK(world.had[content] - began < 40s);
    CHECK(world.held_most <= ManifestFetcher::long_bytes_most + ManifestFetcher::held_bytes_most);
    CHECK(world.core.held_bytes() == 0);
}

TEST_CASE("Only so many sources are asked at once for one content") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    Sources sources;
    for (int i = 0; i < 100; ++i) {
        sources.push_back(world.honest(1h));
    }
    world.want(content, sources);
    CHECK(world.asks.size() == 1);
    world.run(1s);
    CHECK(world.asks.size() == 2);
    world.run(999ms);
    CHECK(world.asks.size() == 2);
    std::size_t before = 2;
    for (int i = 0; i < 8; ++i) {
        world.run(1s);
        CHECK(world.asks.size() - before <= 2 * ManifestFetcher::asked_at_once_most);
        before = world.asks.size();
    }
}

TEST_CASE(
    "A part that begins elsewhere than was asked for is a lie, however much it says there is") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    auto const beyond = GENERATE(as<std::uint64_t>{}, 1, 60, 61, ~std::uint64_t{0});
    auto const liar = world.source(saying(
        10ms, [=](auto const& ask) { return one_part(ask, 60, beyond, std::string(50, 'x')); }));
    world.want(content, {liar});
    world.run();
    REQUIRE(world.discredited.size() == 1);
    CHECK(world.discredited.front().why ==
          "it sent another part of the manifest than it was asked for");
    CHECK(world.held_most <= 50);
}

TEST_CASE("A source without any is an error at once") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    world.want(content, {});
    REQUIRE(world.failed.contains(content));
    CHECK(world.failed.at(content).code == Errc::network);
    CHECK(world.searches.empty());
}

TEST_CASE("An error tells a few sources' reasons and counts the others") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    Sources sources;
    for (std::size_t i = 0; i < ManifestFetcher::reasons_most + 2; ++i) {
        sources.push_back(
            world.source(saying(10ms, [](auto const& ask) { return one_part(ask, 0, 0, ""); })));
    }
    world.want(content, sources);
    world.run();
    auto const message = world.failed.at(content).message;
    CHECK_THAT(message, ContainsSubstring(sources[ManifestFetcher::reasons_most - 1].to_string()));
    CHECK_THAT(message, ContainsSubstring("; and 2 more"));
}

TEST_CASE("The manifests of small files with the same sources are asked for together") {
    ManifestWorld world;
    auto const source = world.honest();
    std::vector<ManifestFetcher::Want> wants;
    for (std::size_t i = 0; i < ManifestFetcher::contents_per_question + 1; ++i) {
        wants.push_back({world.file(small_file), small_file, {source}});
    }
    world.core.want(wants);
    world.pump();
    REQUIRE(world.asks.size() == 1);
    CHECK(world.asks[0].contents.size() == ManifestFetcher::contents_per_question);
    world.run();
    CHECK(world.had.size() == wants.size());
    CHECK(world.asks.size() == 2);
}

TEST_CASE("What did not fit an answer is asked for again") {
    ManifestWorld world;
    constexpr std::uint64_t size = std::uint64_t{1500} * 4 * 1024 * 1024;  // some 48 KiB each
    Sources const sources{world.honest()};
    std::vector<ManifestFetcher::Want> wants;
    for (int i = 0; i < 20; ++i) {
        wants.push_back({world.file(size), size, sources});
    }
    world.core.want(wants);
    world.pump();
    world.run();
    CHECK(world.had.size() == wants.size());
    CHECK(world.discredited.empty());
    CHECK(world.asks.size() == 5);
    CHECK(std::ranges::all_of(world.asks, [](auto const& ask) { return ask.offset == 0; }));
}

TEST_CASE("A source that was slow or lied is asked last for what is wanted next") {
    auto const lie = GENERATE(from_range(lies()));
    CAPTURE(lie.name);
    ManifestWorld world;
    Sources const sources{world.source(lie.make(world)), world.honest()};
    world.want(world.file(small_file), sources);
    world.run(2s);
    REQUIRE(world.had.size() == 1);
    world.run(10s);
    world.asks.clear();
    world.want(world.file(small_file), sources);
    world.run();
    CHECK(world.had.size() == 2);
    bool const harmless = lie.name == "it does not have it" || lie.name == "another algorithm";
    CHECK(world.asks.front().source == sources[harmless ? 0 : 1]);
}

TEST_CASE("A lone source may be slow, but not without end") {
    auto const rate = GENERATE(std::uint64_t{2}, std::uint64_t{1});  // in halves of the least
    ManifestWorld world;
    auto const content = world.file(wire::limits::file_bytes);
    auto const per_answer = wire::limits::manifest_reply_bytes;
    auto const after = std::chrono::milliseconds(2000 * per_answer /
                                                 (rate * ManifestFetcher::bytes_per_second_least));
    auto const source = world.honest(after);
    auto const began = world.now;
    world.want(content, {source}, wire::limits::file_bytes);
    world.run();
    CHECK(world.had.contains(content) == (rate == 2));
    CHECK(world.now - began < 100s);
    CHECK(world.core.held_bytes() == 0);
}

TEST_CASE("No memory is taken for what a source only promises") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    auto const source = world.source(saying(10ms, [](auto const& ask) {
        return one_part(ask, wire::limits::manifest_bytes, ask.offset, "x");
    }));
    world.want(content, {source}, wire::limits::file_bytes);
    world.run();
    CHECK(world.failed.contains(content));
    CHECK(world.held_most < 1024);
}

TEST_CASE("Long manifests together take no more memory than is allowed, and all arrive") {
    ManifestWorld world;
    auto const size = wire::limits::file_bytes;
    auto const told = GENERATE(true, false);  // that they are long
    std::vector<ManifestFetcher::Want> wants;
    for (int i = 0; i < 9; ++i) {
        wants.push_back({world.file(size), told ? size : 0, {world.honest()}});
    }
    world.core.want(wants);
    world.pump();
    world.run();
    CHECK(world.had.size() == wants.size());
    CHECK(world.failed.empty());
    CHECK(world.discredited.empty());
    CHECK(world.held_most <= ManifestFetcher::long_bytes_most);
    CHECK(world.held_most > ManifestFetcher::long_bytes_most / 2);
}

TEST_CASE("No more is asked for while as much as may be held is being checked") {
    ManifestWorld world;
    world.check_takes = 10s;
    constexpr std::uint64_t size = std::uint64_t{5900} * 4 * 1024 * 1024;  // fits an answer just so
    std::vector<ManifestFetcher::Want> wants;
    for (int i = 0; i < 600; ++i) {
        wants.push_back({world.file(size), size, {world.honest()}});
    }
    world.core.want(wants);
    world.pump();
    world.run();
    CHECK(world.had.size() == wants.size());
    CHECK(world.held_most <= ManifestFetcher::held_bytes_most);
    CHECK(world.held_most > ManifestFetcher::held_bytes_most / 2);
}

TEST_CASE("Of the sources of a content a bounded number is remembered") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    Sources sources;
    for (std::size_t i = 0; i < ManifestFetcher::sources_most + 10; ++i) {
        sources.push_back(
            world.source(saying(10ms, [](auto const& ask) { return one_part(ask, 0, 0, ""); })));
    }
    world.want(content, sources);
    world.run();
    CHECK(world.asks.size() == ManifestFetcher::sources_most);
}

TEST_CASE("When all have failed a source that a search finds is asked, too") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    auto const liar = world.source(lies().front().make(world));
    auto const honest = world.honest();
    world.on_search = [&](auto const& of) { world.core.add_source(of, honest); };
    world.want(content, {liar});
    world.run();
    CHECK(world.searches == std::vector{content});
    CHECK(world.had.contains(content));
}

TEST_CASE("A search that finds nobody ends in the error, and there is one for each content") {
    ManifestWorld world;
    auto const liar = world.source(saying(10ms, [](auto const&) { return wire::Manifests{}; }));
    world.on_search = [&](auto const& of) { world.core.add_source(of, liar); };
    std::vector<ManifestFetcher::Want> wants;
    for (std::size_t i = 0; i < ManifestFetcher::searches_most + 3; ++i) {
        wants.push_back({world.file(small_file), small_file, {liar}});
    }
    world.core.want(wants);
    world.pump();
    world.run();
    CHECK(world.failed.size() == wants.size());
    CHECK(world.searches.size() == ManifestFetcher::searches_most);
}

TEST_CASE("An answer that nobody waits for changes nothing") {
    ManifestWorld world;
    auto const content = world.file(small_file);
    auto const source = world.honest();
    world.core.on_answer(world.now, source, world.parts_of({source, {content}, 0, 1s}));
    world.core.on_failure(source, {Errc::timeout, "late"});
    world.pump();
    CHECK(world.had.empty());
    world.want(content, {source});
    world.run();
    CHECK(world.had.contains(content));
}

TEST_CASE("A slow source's answer counts if no other has one, and is ignored if it comes late") {
    bool const has_other = GENERATE(true, false);
    ManifestWorld world;
    auto const content = world.file(small_file);
    auto const slow = world.honest(4s);
    auto const other = has_other ? world.honest() : world.source(lies().front().make(world));
    auto const began = world.now;
    world.want(content, {slow, other});
    world.run();
    REQUIRE(world.had.contains(content));
    CHECK((world.had.at(content) - began < 2s) == has_other);
    world.run();
    CHECK(world.core.held_bytes() == 0);
    CHECK(world.core.wanted() == 0);
}
