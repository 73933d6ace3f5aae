// How many sources a download knows, and what they can make it do by what they say.
#include "fetch.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

Download::Limits knowing(std::size_t most) {
    auto limits = limits_of();
    limits.known_most = most;
    return limits;
}

/// Counts the chunks that it is asked about.
class CountingOrder final : public Download::Order {
  public:
    std::size_t ranked = 0;

    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng& rng) override {
        static_cast<void>(rng);
        ranked += chunks.size();
        std::ranges::fill(ranks, 0);
    }
};

}  // namespace

TEST_CASE("of twenty thousand candidates so many are known, the first ones, and no more") {
    Fetch fetch(file_of(9));
    fetch.begin({});
    std::size_t taken = 0;
    for (std::uint64_t number = 1; number <= 20'000; ++number) {
        fetch.add(number);
        taken += fetch.taken ? 1 : 0;
    }
    CHECK(taken == Download::Limits{}.known_most);
    CHECK(fetch.known(taken) != nullptr);
    CHECK(fetch.known(taken + 1) == nullptr);
    CHECK(fetch.forgotten.empty());
}

TEST_CASE("a source that is gone, lied, or has nothing makes room for one that promises more") {
    Fetch fetch(file_of(9), knowing(2));
    fetch.begin({});
    fetch.add(1);
    fetch.add(2, 0);
    REQUIRE(fetch.taken);
    fetch.add(3, 0);
    CHECK_FALSE(fetch.taken);
    fetch.add(3);
    CHECK(fetch.taken);
    CHECK(fetch.forgotten == Chunks{2});
    fetch.add(4);
    CHECK_FALSE(fetch.taken);
    fetch.forget();
    SECTION("gone") {
        fetch.lose(1);
    }
    SECTION("lied") {
        fetch.corrupt(1, fetch.outstanding(1).front());
    }
    CHECK(fetch.forgotten == Chunks{1});
    fetch.add(4);
    CHECK(fetch.taken);
    CHECK(fetch.forgotten == Chunks{1});
    CHECK(fetch.known(1) == nullptr);
}

TEST_CASE("a source that was banned stays so also when it is not known any more") {
    Fetch fetch(file_of(9), knowing(2));
    fetch.begin({1});
    fetch.corrupt(1, fetch.outstanding(1).front());
    fetch.add(1);
    CHECK_FALSE(fetch.taken);
    fetch.add(2);
    fetch.add(3);
    REQUIRE(fetch.known(1) == nullptr);
    fetch.add(1);
    CHECK_FALSE(fetch.taken);
}

TEST_CASE("no more banned sources are remembered than a bound") {
    auto limits = knowing(1);
    limits.banned_most = 2;
    Fetch fetch(file_of(9), limits);
    fetch.begin({});
    for (std::uint64_t number = 1; number <= 4; ++number) {
        fetch.add(number);
        REQUIRE(fetch.taken);
        fetch.corrupt(number, fetch.outstanding(number).front());
    }
    fetch.add(2);
    CHECK_FALSE(fetch.taken);
    fetch.add(1);
    CHECK(fetch.taken);
}

TEST_CASE("the link of a source may go when it is lost or out, and is needed when it comes back") {
    Fetch fetch(file_of(9));
    fetch.begin({1});
    SECTION("lost, and found again") {
        fetch.lose(1);
        CHECK(fetch.forgotten == Chunks{1});
        fetch.forget();
        fetch.add(1);
        CHECK(fetch.taken);
        CHECK(fetch.asked.contains(1));
        CHECK(fetch.forgotten.empty());
    }
    SECTION("lost too often") {
        for (int times = 0; times < 4; ++times) {
            fetch.lose(1);
            fetch.add(1);
        }
        CHECK_FALSE(fetch.taken);
    }
    SECTION("it has not got the file any more") {
        fetch.refuse(1, wire::ErrorCode::gone);
        CHECK(fetch.forgotten == Chunks{1});
        fetch.add(1);
        CHECK_FALSE(fetch.taken);
    }
    SECTION("it only rests") {
        fetch.refuse(1, wire::ErrorCode::limit);
        CHECK(fetch.dropped == Chunks{1});
        CHECK(fetch.forgotten.empty());
        fetch.add(1);
        CHECK(fetch.taken);
    }
}

TEST_CASE("a source that says again and again what it has costs no second thoughts") {
    constexpr std::uint32_t chunks = 100'000;
    policies::SeededRandom random{1};
    policies::LoadLatency selector;
    CountingOrder order;
    auto limits = limits_of(2);
    ContentState content({}, file_of(chunks), ChunkSet(chunks));
    Download download(content, limits, {selector, order}, random.rng());
    wire::Time now{1000s};
    download.add_source(now, {source(1), "peer-1", "", 1, 0, 1});
    download.start(now);
    auto const say = [&](ChunkSet const& has) {
        now += 1ms;
        download.on_word(now, source(1), have_of(has));
        download.take_actions();
    };
    auto const before = order.ranked;
    SECTION("always the same") {
        for (int times = 0; times < 1000; ++times) {
            say(ChunkSet::full(chunks));
        }
        CHECK(order.ranked == before);
    }
    SECTION("everything and nothing by turns") {
        for (int times = 0; times < 1000; ++times) {
            say(times % 2 == 0 ? ChunkSet(chunks) : ChunkSet::full(chunks));
        }
        CHECK(order.ranked - before <= 2 * chunks + DownloadSource::changes_per_second);
        SECTION("and the last word counts, in the end") {
            now += 1s;
            download.on_tick(now);
            CHECK(find(download.sources().all(), source(1))->has.complete());
        }
    }
}
