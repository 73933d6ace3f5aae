// What each upload-choice plug-in does for its own part.
#include "catch.hpp"
#include "upload_choices.hpp"

#include <set>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// So many, of which number i delivers i.
std::vector<UploadSinkView> delivering(std::uint32_t count) {
    std::vector<UploadSinkView> sinks;
    for (std::uint32_t i = 0; i < count; ++i) {
        sinks.push_back(upload_sink(i));
        sinks.back().delivers_bytes_per_s = i;
    }
    return sinks;
}

/// The numbers of those that are served before the others.
std::set<std::size_t> unchoked(UploadChoice& policy, std::vector<UploadSinkView> const& sinks,
                               std::uint64_t seconds) {
    auto const rank = ranks(policy, upload_request(seconds), sinks);
    std::set<std::size_t> first;
    for (std::size_t i = 0; i < rank.size(); ++i) {
        if (rank[i] < 0.5) {
            first.insert(i);
        }
    }
    return first;
}

}  // namespace

TEST_CASE("fair: who was given least comes first") {
    std::vector sinks{upload_sink(0), upload_sink(1), upload_sink(2)};
    sinks[0].share_bytes = 30;
    sinks[1].share_bytes = 10;
    sinks[2].share_bytes = 20;
    CHECK(served(*upload_choice("fair"), upload_request(), sinks) == 1);
}

TEST_CASE("fair: a chunk that never left goes before a second copy of the same content alone") {
    std::vector sinks{upload_sink(0), upload_sink(1), upload_sink(2)};
    sinks[1].share_bytes = 20;
    sinks[2].share_bytes = 10;
    sinks[1].copies = sinks[2].copies = 0;
    CHECK(served(*upload_choice("fair"), upload_request(), sinks) == 2);
    sinks[2].content = 2;
    CHECK(served(*upload_choice("fair"), upload_request(), sinks) == 1);
    sinks[1].content = 2;
    CHECK(served(*upload_choice("fair"), upload_request(), sinks) == 0);
}

TEST_CASE("longestfirst: who has waited for longest comes first, whatever it was given") {
    std::vector sinks{upload_sink(0), upload_sink(1), upload_sink(2)};
    sinks[1].waits_us = 7;
    sinks[1].share_bytes = 1U << 30U;
    sinks[2].waits_us = 6;
    CHECK(served(*upload_choice("longestfirst"), upload_request(), sinks) == 1);
}

TEST_CASE("titfortat: the three that deliver most, and one that is drawn, come before all others") {
    auto const policy = upload_choice("titfortat");
    auto const sinks = delivering(20);
    auto first = unchoked(*policy, sinks, 1000);
    CHECK(first.size() == 4);
    for (std::size_t const best : {17U, 18U, 19U}) {
        CHECK(first.erase(best) == 1);
    }
}

TEST_CASE("titfortat: while nobody delivers, all are equal") {
    auto sinks = delivering(20);
    for (auto& sink : sinks) {
        sink.delivers_bytes_per_s = 0;
    }
    CHECK(unchoked(*upload_choice("titfortat"), sinks, 1000).size() == 20);
}

TEST_CASE("titfortat: who delivers now is looked at every ten seconds, and not before") {
    auto const policy = upload_choice("titfortat:slots=2");
    auto sinks = delivering(20);
    CHECK(unchoked(*policy, sinks, 1000).contains(19));
    sinks[5].delivers_bytes_per_s = 100;
    CHECK(unchoked(*policy, sinks, 1009).contains(19));
    auto const then = unchoked(*policy, sinks, 1010);
    CHECK(then.contains(5));
    CHECK(then.size() == 2);
}

TEST_CASE("titfortat: another one is drawn every thirty seconds, and each gets its turn") {
    auto const policy = upload_choice("titfortat:slots=2");
    auto const sinks = delivering(10);
    std::set<std::size_t> drawn;
    for (std::uint64_t round = 0; round < 200; ++round) {
        auto before = unchoked(*policy, sinks, 1000 + round * 30);
        CHECK(before.erase(9) == 1);
        CHECK(before.size() == 1);
        auto after = unchoked(*policy, sinks, 1000 + round * 30 + 20);
        after.erase(9);
        CHECK(after == before);
        drawn.insert(before.begin(), before.end());
    }
    CHECK(drawn.size() == 9);
}

TEST_CASE("titfortat: the place of one that does not wait any more goes to another") {
    auto const policy = upload_choice("titfortat:slots=3");
    auto sinks = delivering(10);
    CHECK(unchoked(*policy, sinks, 1000).contains(9));
    sinks.pop_back();
    auto const then = unchoked(*policy, sinks, 1010);
    CHECK(then.size() == 3);
    CHECK(then.contains(8));
    CHECK(then.contains(7));
}
