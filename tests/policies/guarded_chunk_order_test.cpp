#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <stdexcept>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

using Ranks = std::vector<double>;

/// What Rarest says of the chunks below, and what the plug-in does.
Ranks const rarest{7.0, 9.0, 8.0};
Ranks const backwards{-0.0, -1.0, -2.0};

std::vector<ChunkView> three_chunks() {
    std::vector<ChunkView> chunks(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        chunks[i] = {.chunk = i, .chunks = 3, .copies = 0, .sources = 10, .bytes = 1U << 20U};
    }
    chunks[0].copies = 7;
    chunks[1].copies = 9;
    chunks[2].copies = 8;
    return chunks;
}

/// A chunk order of one of the faulty plug-ins, with all that it reported.
struct GuardedRanks {
    std::vector<std::string> reports;
    SeededRandom random{1};
    std::unique_ptr<GuardedChunkOrder> order;

    explicit GuardedRanks(std::string const& spec, GuardOptions options = {}) {
        options.report = [this](std::string_view text) { reports.emplace_back(text); };
        order = load_chunk_order(parse_plugin_spec(spec), PluginPath({XFS_TEST_BAD_PLUGINS}))
                    ->make(std::move(options));
    }

    Ranks rank(std::vector<ChunkView> const& chunks = three_chunks()) {
        Ranks ranks(chunks.size());
        order->rank(chunks, ranks, random.rng());
        return ranks;
    }

    [[nodiscard]] PolicyCounters const& counters() const { return order->counters(); }
};

/// Throws at all batches but every sixteenth.
class EverySixteenth final : public ChunkRanker {
  public:
    void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) override {
        if (++calls_ % 16 != 0) {
            throw std::runtime_error("not yet");
        }
        Rarest order;
        rank_each(order, chunks, ranks, rng);
    }

  private:
    unsigned calls_ = 0;
};

}  // namespace

TEST_CASE("A chunk order without fault decides by itself, and a batch is one decision") {
    GuardedRanks guarded("faulty-chunk-order");
    CHECK(guarded.rank() == backwards);
    CHECK(guarded.counters().picks == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports.empty());
}

TEST_CASE("The random numbers of a chunk order are those of the host's generator") {
    SeededRandom same_seed(1);
    Ranks expected(3);
    for (auto& rank : expected) {
        rank = static_cast<double>(same_seed.rng().below(1'000'000));
    }
    CHECK(GuardedRanks("faulty-chunk-order:fault=chance").rank() == expected);
}

TEST_CASE("A batch of which one rank fails or makes no sense is ranked by the default as a whole") {
    struct Case {
        char const* spec;
        char const* name;
        char const* reason;
    };

    auto const* const not_finite = "answered for chunk 2 with what is not a finite number";
    auto const c = GENERATE_COPY(
        Case{"faulty-chunk-order:fault=rank", "faulty-order", "failing in rank on purpose"},
        Case{"faulty-chunk-order:fault=rank_int", "faulty-order", "unknown exception"},
        Case{"faulty-chunk-order:fault=nan", "faulty-order", not_finite},
        Case{"faulty-chunk-order:fault=infinite", "faulty-order", not_finite},
        Case{"faulty-chunk-order:fault=minus_infinite", "faulty-order", not_finite},
        Case{"forgetful-chunk-order", "careless", not_finite},
        Case{"babbling-chunk-order", "careless", "answered 7, which means nothing"},
        Case{"undecided-chunk-order", "careless", "answered -1, which means nothing"},
        Case{"silent-chunk-order", "careless", "no reason given"});
    INFO(c.spec);
    auto const blame = "policy '" + std::string(c.name) + "': rank: " + c.reason;
    GuardedRanks guarded(c.spec);
    CHECK(guarded.rank() == rarest);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.reports ==
          std::vector<std::string>{blame + "; the built-in default decides instead (so far: 1)"});

    GuardedRanks exact(c.spec, strict());
    CHECK(fault([&] { exact.rank(); }) == blame);
    CHECK(exact.counters().fallback == 0);
}

TEST_CASE("A chunk order that fails sixteen times in a row is not called any more") {
    GuardedRanks guarded("faulty-chunk-order:fault=rank");
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.rank() == rarest);
    }
    // The fault is in the third chunk: there would be none in this batch.
    CHECK(guarded.rank({three_chunks().front()}) == Ranks{7.0});
    CHECK(guarded.order->given_up());
    CHECK(guarded.counters().picks == 101);
    CHECK(guarded.counters().faults == 16);
    CHECK(guarded.counters().fallback == 101);
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "16 faults in a row"));
}

TEST_CASE("One good batch between fifteen faulty ones keeps a chunk order in use") {
    SeededRandom random(1);
    GuardedChunkOrder order("patient", std::make_unique<EverySixteenth>());
    auto const chunks = three_chunks();
    Ranks ranks(chunks.size());
    for (int i = 0; i < 160; ++i) {
        order.rank(chunks, ranks, random.rng());
    }
    CHECK(order.counters().faults == 150);
    CHECK(order.counters().fallback == 150);
    CHECK_FALSE(order.given_up());
}

TEST_CASE("A strict chunk order that was given up is an error, not a silent default") {
    GuardedRanks guarded("faulty-chunk-order:fault=nan", strict());
    for (int i = 0; i < 16; ++i) {
        CHECK_THROWS_AS(guarded.rank(), PolicyFault);
    }
    CHECK(fault([&] { guarded.rank(); }) == "policy 'faulty-order' was given up");
    CHECK(guarded.counters().faults == 16);
}

TEST_CASE("The ranks of a slow batch are used, but it is counted once and reported") {
    GuardedRanks guarded("faulty-chunk-order", slow_every(60));
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.rank() == backwards);
    }
    CHECK(guarded.counters().slow == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports ==
          std::vector<std::string>{"policy 'faulty-order': rank took 11 ms, more "
                                   "than the 10 ms it may take (so far: 1)"});
}

TEST_CASE("A chunk order that is always slow is given up") {
    GuardedRanks guarded("faulty-chunk-order", slow_every(1));
    CHECK(guarded.rank() == backwards);
    CHECK(guarded.rank() == backwards);
    CHECK(guarded.rank() == rarest);
    CHECK(guarded.counters().slow == 2);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.order->given_up());
}

TEST_CASE("A chunk order is not asked about no chunks") {
    GuardedRanks guarded("babbling-chunk-order");
    CHECK(guarded.rank({}).empty());
    CHECK(guarded.counters().picks == 0);
    CHECK(guarded.counters().faults == 0);
}

TEST_CASE("A chunk order that cannot be created any more is a fault, and the default decides") {
    GuardedRanks guarded("faulty-chunk-order:fault=create_again");
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.order->given_up());
    CHECK(guarded.reports.size() == 1);
    CHECK(guarded.rank() == rarest);
    CHECK(guarded.counters().fallback == 1);
    CHECK(fault([] { GuardedRanks("faulty-chunk-order:fault=create_again", strict()); }) ==
          "policy 'faulty-order': create: failing in create on purpose");
}
