#include "catch.hpp"

#include <xfsbus/swarm/subscription.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

wire::ListedFile listed(std::string name, std::uint8_t content, std::uint32_t complete = 1,
                        std::uint32_t partial = 0) {
    wire::ContentId id;
    id.bytes[0] = content;
    return {std::move(name), id, 100, complete, partial};
}

wire::ListedFile nobodys(std::string name, std::uint8_t content) {
    return listed(std::move(name), content, 0, 0);
}

constexpr std::uint64_t first_epoch = 7;

wire::Changes list(std::vector<wire::ListedFile> files, std::uint64_t epoch = first_epoch,
                   bool young = false, std::string next = {}) {
    return {epoch, 1, std::move(files), std::move(next), true, young};
}

wire::Changes changes(std::vector<wire::ListedFile> files, std::uint64_t epoch = first_epoch) {
    return {epoch, 2, std::move(files), {}, false, false};
}

using Told = std::vector<std::pair<FileNews, std::string>>;

/// What it tells after this answer.
Told told(Subscription& sut, wire::Changes const& answer) {
    REQUIRE(sut.on_answer(answer));
    Told all;
    while (auto const news = sut.next()) {
        all.emplace_back(news->what, news->file.name);
    }
    return all;
}

}  // namespace

TEST_CASE("A subscription hands back what the last answer gave it") {
    Subscription sut("a/*");
    CHECK(sut.question() == wire::Subscribe{"a/*", "", 0, 0});
    REQUIRE(sut.on_answer(list({}, 7, false, "cursor")));
    CHECK(sut.question() == wire::Subscribe{"a/*", "cursor", 7, 1});
    REQUIRE(sut.on_answer({7, 9, {}, "", false, false}));
    CHECK(sut.question() == wire::Subscribe{"a/*", "", 7, 9});
}

TEST_CASE("Files of the first list were there, and others appear") {
    Subscription sut("*");
    CHECK(told(sut, list({listed("a", 1)}, 7, false, "more")) == Told{{FileNews::there, "a"}});
    CHECK(told(sut, {7, 1, {listed("b", 1)}, "", false, false}) == Told{{FileNews::there, "b"}});
    CHECK(told(sut, changes({listed("c", 1)})) == Told{{FileNews::appeared, "c"}});
}

TEST_CASE("A name with another content has changed, whatever is told first of it") {
    Subscription sut("*");
    told(sut, list({listed("a", 1)}));
    CHECK(told(sut, changes({nobodys("a", 1), listed("a", 2)})) ==
          Told{{FileNews::changed, "a"}, {FileNews::holders, "a"}});
    REQUIRE(sut.files().size() == 1);
    CHECK(sut.files().front() == listed("a", 2));
}

TEST_CASE("A name is gone when nobody has any content of it") {
    Subscription sut("*");
    told(sut, list({listed("a", 1), listed("a", 2)}));
    CHECK(told(sut, changes({nobodys("a", 2)})) == Told{{FileNews::holders, "a"}});
    CHECK(told(sut, changes({nobodys("a", 1)})) == Told{{FileNews::gone, "a"}});
    CHECK(sut.files().empty());
}

TEST_CASE("Other numbers of holders are told, and equal ones are not") {
    Subscription sut("*");
    told(sut, list({listed("a", 1, 1, 0)}));
    CHECK(told(sut, changes({listed("a", 1, 1, 0)})).empty());
    CHECK(told(sut, changes({listed("a", 1, 1, 1)})) == Told{{FileNews::holders, "a"}});
}

TEST_CASE("What has come and gone between two looks is not told, and what came back neither") {
    Subscription sut("*");
    told(sut, list({listed("a", 1)}));
    REQUIRE(sut.on_answer(changes({listed("b", 1), nobodys("a", 1)})));
    REQUIRE(sut.on_answer(changes({nobodys("b", 1), listed("a", 1)})));
    CHECK_FALSE(sut.next());
    CHECK(sut.files().size() == 1);
    CHECK(told(sut, changes({listed("b", 2)})) == Told{{FileNews::appeared, "b"}});
}

TEST_CASE("After a restart of the tracker only what differs is told, when it is no longer young") {
    Subscription sut("*");
    told(sut, list({listed("a", 1), listed("b", 1), listed("c", 1)}));
    CHECK(told(sut, list({}, 8, true)).empty());
    CHECK(told(sut, {8, 2, {listed("a", 1), listed("d", 1)}, "", false, true}) ==
          Told{{FileNews::appeared, "d"}});
    CHECK(told(sut, {8, 3, {listed("b", 1)}, "", false, false}) == Told{{FileNews::gone, "c"}});
    CHECK(told(sut, {8, 4, {}, "", false, false}).empty());
    CHECK(sut.files().size() == 3);
}

TEST_CASE("A whole list tells what has gone meanwhile only when it has ended") {
    Subscription sut("*");
    told(sut, list({listed("a", 1), listed("b", 1)}));
    CHECK(told(sut, list({}, 7, false, "more")).empty());
    CHECK(told(sut, {7, 1, {listed("b", 1)}, "", false, false}) == Told{{FileNews::gone, "a"}});
}

TEST_CASE("Names that could not be files are not taken in") {
    Subscription sut("*");
    CHECK(told(sut, list({listed("../a", 1), listed("", 1), listed("b", 1)})) ==
          Told{{FileNews::there, "b"}});
}

TEST_CASE("A subscription that matches more than there is room for ends") {
    Subscription sut("*", 3 * Subscription::bytes_of("a"));
    CHECK(sut.on_answer(list({listed("a", 1), listed("b", 1), listed("c", 1)})));
    auto const over = sut.on_answer(changes({listed("d", 1)}));
    REQUIRE_FALSE(over);
    CHECK(over.error().code == Errc::usage);
}

TEST_CASE("What is gone makes room again") {
    Subscription sut("*", 2 * Subscription::bytes_of("a"));
    told(sut, list({listed("a", 1), listed("b", 1)}));
    for (std::uint8_t i = 0; i < 100; ++i) {
        REQUIRE(told(sut, changes({nobodys("a", i)})).size() == (i == 1 ? 1 : 0));
        told(sut, changes({nobodys("a", 100)}));
    }
    CHECK(told(sut, changes({listed("c", 1)})) == Told{{FileNews::appeared, "c"}});
}
