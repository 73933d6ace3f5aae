// How much a policy decides, and where: what the best and the worst that are shipped make of the
// same situation, beside what is least possible.
#include "shipped.hpp"

#include <cmath>
#include <numeric>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mebi = 1024 * 1024;
constexpr double mega = 1e6;

Swarm::Rules file_of(std::uint64_t bytes, std::uint32_t chunk_bytes, std::size_t places) {
    Swarm::Rules rules;
    rules.file = {bytes, chunk_bytes, static_cast<std::uint32_t>(bytes / chunk_bytes)};
    rules.download.sources_most = places;
    return rules;
}

template <typename Run>
double mean_of_all(std::uint64_t seeds, Run run) {
    double sum = 0;
    for_seeds(1, seeds, [&](auto seed) { sum += run(seed); });
    return sum / static_cast<double>(seeds);
}

/// The mean over seeds; fewer where the build is slow.
template <typename Run>
double mean(std::uint64_t seeds, Run run) {
    return mean_of_all(is_slow_build ? std::min<std::uint64_t>(seeds, 2) : seeds, run);
}

// ---- unequal sources, few places ----

/// The sources of one sink, in an order that the seed decides.
std::vector<double> unequal_rates(std::uint64_t seed) {
    std::vector<double> rates{1, 2, 4, 6, 8, 10, 12, 16};
    policies::SeededRandom random(seed);
    for (std::size_t i = rates.size(); i > 1; --i) {
        std::swap(rates[i - 1], rates[random.rng().below(i)]);
    }
    return rates;
}

/// Over the time of the two fastest, which is the least.
double unequal(std::string const& policy, std::uint64_t bytes, std::uint64_t seed,
               SourceHistory* history = nullptr) {
    auto rules = file_of(bytes, 1 * mebi, 2);
    use(rules, policy);
    Swarm swarm(rules, seed);
    for (double const rate : unequal_rates(seed)) {
        swarm.add({.up = rate * mega, .seed = true});
    }
    auto const sink = swarm.add({.down = 125 * mega, .serves = false, .history = history});
    REQUIRE(swarm.run(3600s));
    return makespan(swarm, {sink}) / (static_cast<double>(bytes) / (28 * mega));
}

/// The second download of a process.
double unequal_warm(std::string const& policy, std::uint64_t seed) {
    SourceHistory history;
    unequal(policy, 250 * mebi, seed, &history);
    return unequal(policy, 250 * mebi, seed, &history);
}

// ---- racks ----

struct Racks {
    double ratio = 0;
    double files_across = 0;
};

/// Eight sinks in each of two racks, the seed in one.
Racks racks(std::string const& policy, double link, std::uint64_t seed) {
    auto rules = file_of(192 * mebi, 256 * 1024, 24);
    rules.rack_link = link;
    use(rules, policy);
    Swarm swarm(rules, seed);
    auto const peer = [](std::uint32_t rack, bool has) {
        return Nature{.up = link_rate,
                      .down = link_rate,
                      .seed = has,
                      .labels = "rack=" + std::to_string(rack),
                      .rack = rack};
    };
    swarm.add(peer(1, true));
    for (int i = 0; i < 16; ++i) {
        swarm.add(peer(1 + i % 2, false));
    }
    REQUIRE(swarm.run(3600s));
    auto const bytes = static_cast<double>(rules.file.bytes);
    double const bound = std::max(bytes / link, 16 * bytes / (17 * link_rate));
    return {makespan(swarm, leechers(swarm)) / bound,
            static_cast<double>(swarm.figures().bytes_out_of(1)) / bytes};
}

Racks mean_racks(std::string const& policy, double link, std::uint64_t seeds) {
    Racks sum;
    std::vector<double> files;
    sum.ratio = mean(seeds, [&](auto seed) {
        auto const one = racks(policy, link, seed);
        files.push_back(one.files_across);
        return one.ratio;
    });
    sum.files_across =
        std::accumulate(files.begin(), files.end(), 0.0) / static_cast<double>(files.size());
    return sum;
}

// ---- near and busy, far and idle ----

double near_and_busy(std::string const& policy, std::uint64_t seed) {
    auto rules = file_of(128 * mebi, 1 * mebi, 1);
    use(rules, policy);
    Swarm swarm(rules, seed);
    swarm.add({.up = link_rate, .seed = true, .others = 4});
    swarm.add({.up = link_rate, .seed = true, .far = 50ms});
    auto const sink = swarm.add({.down = 100 * mega, .serves = false});
    REQUIRE(swarm.run(3600s));
    return makespan(swarm, {sink}) / (static_cast<double>(rules.file.bytes) / link_rate);
}

// ---- mirrors of any speed, few places ----

/// Six sinks, one every 250 ms, that fetch from six mirrors of 1 to 16 MB/s with two places each:
/// until the last has the file, in seconds.
double mirrors(std::string const& policy, std::uint64_t seed) {
    auto rules = file_of(64 * mebi, 256 * 1024, 2);
    use(rules, policy);
    Swarm swarm(rules, seed);
    policies::SeededRandom random(seed);
    for (int i = 0; i < 6; ++i) {
        double const doubled = static_cast<double>(random.rng().below(1000)) / 250;
        swarm.add({.up = mega * std::exp2(doubled), .seed = true});
    }
    std::vector<Swarm::PeerIndex> sinks;
    for (int i = 0; i < 6; ++i) {
        sinks.push_back(swarm.add({.down = 25 * mega, .serves = false}, i * 250ms));
    }
    REQUIRE(swarm.run(3600s));
    return makespan(swarm, sinks);
}

// ---- the sink's own link is full ----

struct Full {
    double from_nearest = 0;  ///< of what the sink got
    double ratio = 0;
};

Full full_link(std::string const& policy, std::uint64_t seed) {
    auto rules = file_of(256 * mebi, 1 * mebi, 24);
    use(rules, policy);
    Swarm swarm(rules, seed);
    for (int i = 0; i < 8; ++i) {
        swarm.add({.up = link_rate, .seed = true, .far = i * 5ms});
    }
    auto const sink = swarm.add({.down = link_rate, .serves = false});
    REQUIRE(swarm.run(3600s));
    auto const bytes = static_cast<double>(rules.file.bytes);
    return {static_cast<double>(swarm.peer(0).bytes_sent) / bytes,
            makespan(swarm, {sink}) / (bytes / link_rate)};
}

// ---- crowds ----

/// Sixteen sinks with links of 3 to 25 MB/s, four places each.
double uneven_crowd(std::string const& policy, std::uint64_t seed) {
    auto rules = file_of(128 * mebi, 256 * 1024, 4);
    use(rules, policy);
    Swarm swarm(rules, seed);
    swarm.add({.up = link_rate, .down = link_rate, .seed = true});
    double all = link_rate;
    for (int i = 0; i < 16; ++i) {
        double const rate = (3 + 22.0 * i / 15) * mega;
        swarm.add({.up = rate, .down = 50 * mega});
        all += rate;
    }
    REQUIRE(swarm.run(3600s));
    auto const bytes = static_cast<double>(rules.file.bytes);
    return makespan(swarm, leechers(swarm)) / std::max(bytes / link_rate, 16 * bytes / all);
}

/// Half of them come when the others are under way. The last to come is measured.
double late_joiners(Swarm::Rules const& rules, std::uint64_t seed) {
    Swarm swarm(rules, seed);
    swarm.add({.up = link_rate, .down = link_rate, .seed = true});
    Nature const sink{.up = link_rate, .down = link_rate};
    swarm.add(8, sink);
    swarm.add(8, sink, 3s);
    REQUIRE(swarm.run(3600s));
    auto const bytes = static_cast<double>(rules.file.bytes);
    return makespan(swarm, leechers(swarm)) / (3 + bytes / link_rate);
}

/// Has no more than one chunk under way.
class OneAtATime final : public policies::PeerSelector {
  public:
    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const>,
                                    policies::Rng&) override {
        return 0;
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return policies::questions({XFSBUS_PURPOSE_TOTAL});
    }

    policies::Answer decide(policies::RequestView const&, std::span<policies::SourceView const>,
                            policies::Rng&) override {
        return policies::limit(0);
    }
};

}  // namespace

TEST_CASE("with few places among unequal sources the policy decides, and the default does well") {
    double const usual =
        mean_of_all(10, [](auto s) { return unequal("loadlatency", 250 * mebi, s); });
    double const best = mean(10, [](auto s) { return unequal("earliest", 1024 * mebi, s); });
    double const worst = mean(10, [](auto s) { return unequal("worst", 250 * mebi, s); });
    INFO("default " << usual << ", earliest, 1 GiB " << best << ", worst " << worst);
    CHECK(usual <= 1.2);
    CHECK(best <= 1.1);
    CHECK(worst >= 1.3 * best);
}

TEST_CASE("what one download has found of its sources is there for the next") {
    double const warm = mean(10, [](auto s) { return unequal_warm("loadlatency", s); });
    INFO("warm " << warm);
    CHECK(warm <= (is_slow_build ? 1.2 : 1.1));  // where it is slow, of few seeds
}

TEST_CASE("who takes one far source only sends the file once over a thin link between racks") {
    auto const best = mean_racks("rackaware", 6.25e6, 10);
    auto const worst = mean_racks("random", 6.25e6, 2);
    INFO("rackaware " << best.ratio << ", " << best.files_across << " files; random " << worst.ratio
                      << ", " << worst.files_across);
    CHECK(best.ratio <= 1.2);
    CHECK(best.files_across <= 1.1);
    CHECK(worst.ratio >= 1.8);
    CHECK(worst.files_across >= 1.8);
}

TEST_CASE("a near source that many use is given up for a far one that is idle") {
    double const best = mean(10, [](auto seed) { return near_and_busy("earliest", seed); });
    double const worst = mean(10, [](auto seed) { return near_and_busy("nearest", seed); });
    INFO("earliest " << best << ", nearest " << worst);
    CHECK(best <= 1.15);
    CHECK(worst >= 2);
}

TEST_CASE("one rule beats the default between racks, and where mirrors differ") {
    auto const best = mean_racks("earliest:far=1", 6.25e6, 10);
    double const usual = mean(20, [](auto seed) { return mirrors("loadlatency", seed); });
    double const other = mean(20, [](auto seed) { return mirrors("earliest:far=1", seed); });
    INFO("racks " << best.ratio << ", " << best.files_across << " files; mirrors " << other
                  << " s, default " << usual << " s");
    CHECK(best.ratio <= 1.2);
    CHECK(best.files_across <= 1.1);
    CHECK(other <= (is_slow_build ? 1 : 0.9) * usual);
}

TEST_CASE("a sink whose own link is full gets all from the nearest, in the same time") {
    Full near;
    double const ratio = mean(5, [&](auto seed) {
        near = full_link("nearest", seed);
        CHECK(near.from_nearest >= 0.9);
        return near.ratio;
    });
    Full any;
    double const other = mean(5, [&](auto seed) {
        any = full_link("loadlatency", seed);
        CHECK(any.from_nearest <= 0.2);
        return any.ratio;
    });
    INFO("nearest " << near.from_nearest << " in " << ratio << "; loadlatency " << any.from_nearest
                    << " in " << other);
    CHECK(ratio <= 1.03 * other);
}

TEST_CASE("in a crowd of unequal sinks with few places the policy decides") {
    double const best = mean(10, [](auto seed) { return uneven_crowd("earliest", seed); });
    double const worst = mean(1, [](auto seed) { return uneven_crowd("worst", seed); });
    INFO("earliest " << best << ", worst " << worst);
    CHECK(best <= 1.4);
    CHECK(worst >= 1.8);
}

TEST_CASE("with a place for each source a policy decides nothing, unless it leaves some idle") {
    auto rules = file_of(64 * mebi, 256 * 1024, 24);
    for (std::string const name : {"loadlatency", "random", "leastoutstanding", "twochoices"}) {
        use(rules, name);
        double const ratio = mean(3, [&](auto seed) { return late_joiners(rules, seed); });
        INFO(name << " " << ratio);
        CHECK(ratio <= 1.1);
    }
    rules.policy = [](Nature const&, std::uint64_t) { return std::make_unique<OneAtATime>(); };
    double const idle = mean(3, [&](auto seed) { return late_joiners(rules, seed); });
    INFO("one at a time " << idle);
    CHECK(idle >= 1.5);
}
