#include "catch.hpp"

#include <xfsbus/swarm/pages.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

constexpr wire::Time pages_start{1000s};

std::vector<wire::FoundFile> files(std::size_t count, std::size_t sources = 1) {
    wire::FoundFile file;
    file.name = "a.bin";
    file.sources.resize(sources);
    return std::vector(count, file);
}

/// Feeds pages until they are refused.
template <typename Page>
Error refused(PagesLimits limits, Page page, std::size_t most = 1'000'000) {
    Pages<wire::FoundFile> pages(pages_start, limits);
    for (std::size_t i = 0; i < most; ++i) {
        auto [at, found, next] = page(i);
        auto const taken = pages.take(pages_start + at, std::move(found), next);
        if (!taken) {
            return taken.error();
        }
    }
    return {Errc::failed, "all were taken"};
}

using Found = std::vector<wire::FoundFile>;

}  // namespace

TEST_CASE("Pages are put together in their order until one is the last") {
    Pages<wire::FoundFile> pages(pages_start);
    CHECK(*pages.take(pages_start, files(2), "b"));
    CHECK(*pages.take(pages_start, {}, "c"));
    auto last = files(1);
    last.front().name = "b.bin";
    CHECK_FALSE(*pages.take(pages_start, std::move(last), ""));
    CHECK(std::move(pages).all().size() == 3);
}

TEST_CASE("A file that goes on on the next page is one file, with the sources of both") {
    Pages<wire::FoundFile> pages(pages_start);
    CHECK(*pages.take(pages_start, files(1, 256), "b"));
    CHECK(*pages.take(pages_start, files(1, 256), "c"));
    auto last = files(2, 3);
    last[0].source_count = 515;
    last[1].content.bytes[0] = 1;
    CHECK_FALSE(*pages.take(pages_start, std::move(last), ""));
    auto const all = std::move(pages).all();
    REQUIRE(all.size() == 2);
    CHECK(all[0].sources.size() == 515);
    CHECK(all[0].source_count == 515);
    CHECK(all[1].sources.size() == 3);
}

TEST_CASE("A tracker that looks through millions of names sends many empty pages") {
    Pages<wire::FoundFile> pages(pages_start);
    for (int i = 0; i < 20'000; ++i) {
        REQUIRE(*pages.take(pages_start + i * 2ms, {}, "cursor " + std::to_string(i)));
    }
    CHECK_FALSE(*pages.take(pages_start + 41s, files(1), ""));
}

TEST_CASE("Pages that begin anew are refused soon, however long the circle") {
    auto const circle = GENERATE(1U, 2U, 3U, 7U, 100U);
    auto const per_page = GENERATE(0U, 1U);
    auto const error = refused(
        {},
        [&](std::size_t i) {
            return std::tuple(wire::Duration(1ms * i), files(per_page),
                              "cursor " + std::to_string(i % circle));
        },
        4 * circle + 4);
    CHECK(error.code == Errc::network);
    CHECK_THAT(error.message, ContainsSubstring("the same pages again"));
}

TEST_CASE("More files than anybody looks at are refused, and the user is told to narrow it") {
    PagesLimits limits;
    limits.entries = 100;
    auto const error = refused(limits, [](std::size_t i) {
        return std::tuple(wire::Duration{}, files(10), std::to_string(i));
    });
    CHECK(error.code == Errc::usage);
    CHECK_THAT(error.message, ContainsSubstring("more than 100 entries"));
    CHECK_THAT(error.message, ContainsSubstring("narrow it"));
    Pages<wire::FoundFile> pages(pages_start, limits);
    CHECK(pages.take(pages_start, files(100), "").ok());
}

TEST_CASE("An answer takes no more memory than is allowed, sources included") {
    PagesLimits limits;
    limits.bytes = 1024 * 1024;
    auto const sources = GENERATE(0U, 256U);
    std::size_t pages = 0;
    auto const error = refused(limits, [&](std::size_t i) {
        ++pages;
        return std::tuple(wire::Duration{}, files(1, sources), std::to_string(i));
    });
    CHECK_THAT(error.message, ContainsSubstring("1 MiB"));
    CHECK(pages <=
          1 + limits.bytes / (sizeof(wire::FoundFile) + sources * sizeof(wire::SourceEntry)));
}

TEST_CASE("Pages without end are refused by their number and by the time they take") {
    PagesLimits limits;
    SECTION("many") {
        limits.pages = 50;
        auto const error = refused(limits, [](std::size_t i) {
            return std::tuple(wire::Duration{}, Found{}, std::to_string(i));
        });
        CHECK_THAT(error.message, ContainsSubstring("50 pages"));
    }
    SECTION("empty for long") {
        auto const error = refused(limits, [](std::size_t i) {
            return std::tuple(wire::Duration(1s * i), Found{}, std::to_string(i));
        });
        CHECK_THAT(error.message, ContainsSubstring("empty pages for 60 seconds"));
    }
    SECTION("a file now and then") {
        auto const error = refused(limits, [](std::size_t i) {
            return std::tuple(wire::Duration(2s * i), files(1), std::to_string(i));
        });
        CHECK_THAT(error.message, ContainsSubstring("600 seconds"));
    }
}

TEST_CASE("Lists of peers are bounded like lists of files") {
    PagesLimits limits;
    limits.entries = 3;
    Pages<wire::PeerEntry> pages(pages_start, limits);
    CHECK(*pages.take(pages_start, std::vector<wire::PeerEntry>(3), "a"));
    CHECK_FALSE(pages.take(pages_start, std::vector<wire::PeerEntry>(1), "b").ok());
}
