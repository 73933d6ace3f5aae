// Limits in bytes per second, with timers that are late.
#include "seeds.hpp"
#include "uploads_fixture.hpp"

#include <algorithm>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

constexpr std::uint32_t kibi = 1024;

/// What leaves, with a timer that is up to 1 ms late.
class Stream {
  public:
    explicit Stream(Uploads::Limits const& limits) : source(limits), begun_(source.now) {}

    Source source;
    std::map<wire::TransferId, std::uint64_t> bytes;
    std::uint64_t all = 0;
    double above = -1e18;                         ///< the most that was above the limit's line
    std::map<wire::TransferId, double> above_of;  ///< of the transfers' line

    /// `rate` and `rate_of_one`: where the lines are.
    void run(wire::Duration duration, double rate, double rate_of_one) {
        while (source.now - begun_ < duration) {
            while (auto const piece = source.core.next(source.now)) {
                all += piece->length;
                auto& of_one = bytes[piece->transfer];
                of_one += piece->length;
                double const time = std::chrono::duration<double>(source.now - begun_).count();
                above = std::max(above, static_cast<double>(all) - time * rate);
                auto& most = above_of.try_emplace(piece->transfer, -1e18).first->second;
                most = std::max(most, static_cast<double>(of_one) - time * rate_of_one);
                source.done(*piece);
            }
            auto const next = source.core.next_turn(source.now);
            REQUIRE(next);
            REQUIRE(*next > source.now);
            source.now = *next + std::chrono::microseconds(dice_.number(0, 1000));
        }
    }

  private:
    wire::Time begun_;
    Dice dice_{1};
};

/// What may be above the line: one chunk, and what a timer may make up for.
double above_most(double rate, std::uint32_t chunk_bytes) {
    return chunk_bytes + rate * std::chrono::duration<double>(RateLimit::late_most).count() + 1;
}

}  // namespace

TEST_CASE("what leaves in all keeps to its limit, however many want it and late timers are") {
    struct Case {
        std::uint64_t rate;
        std::uint32_t chunk_bytes;
    };

    auto const c = GENERATE(Case{1'000'000, 256 * kibi}, Case{10'000'000, 256 * kibi},
                            Case{50'000'000, 256 * kibi}, Case{1'000'000'000, 256 * kibi},
                            Case{50'000'000, 4096 * kibi}, Case{10'000'000, 1000});
    auto const rate = static_cast<double>(c.rate);
    CAPTURE(c.rate, c.chunk_bytes);
    Uploads::Limits limits;
    limits.bytes_per_second = c.rate;
    Stream stream(limits);
    auto const chunks = static_cast<std::uint32_t>(c.rate * 11 / c.chunk_bytes / 3 + 2);
    auto const about = content(chunks, c.chunk_bytes);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        REQUIRE_FALSE(stream.source.want(number, number, {}, about->layout().bytes, about));
        for (std::uint32_t chunk = 0; chunk < std::min(chunks, 4000U); ++chunk) {
            REQUIRE_FALSE(
                stream.source.want(number, number, {chunk}, about->layout().bytes, nullptr));
        }
    }
    auto const duration = chunks > 4000 ? 1s : 10s;
    stream.run(duration, rate, rate);
    double const expected = rate * std::chrono::duration<double>(duration).count();
    CHECK(static_cast<double>(stream.all) > 0.95 * expected);
    CHECK(static_cast<double>(stream.all) < 1.05 * expected + c.chunk_bytes);
    CHECK(stream.above <= above_most(rate, c.chunk_bytes));
    auto const least =
        *std::ranges::min_element(stream.bytes, {}, [](auto const& entry) { return entry.second; });
    CHECK(static_cast<double>(least.second) > expected / 3 - 2.0 * c.chunk_bytes - 0.05 * expected);
}

TEST_CASE("each transfer keeps to its own limit") {
    Uploads::Limits limits;
    limits.transfer_bytes_per_second = 5'000'000;
    Stream stream(limits);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        stream.source.open(number, number, content(300, 256 * kibi));
    }
    stream.run(10s, 15e6, 5e6);
    REQUIRE(stream.bytes.size() == 3);
    for (auto const& [id, bytes] : stream.bytes) {
        CHECK(static_cast<double>(bytes) > 0.95 * 50e6);
        CHECK(static_cast<double>(bytes) < 1.05 * 50e6);
        CHECK(stream.above_of.at(id) <= above_most(5e6, 256 * kibi));
    }
}

TEST_CASE("transfers of one sink each have their own limit, too") {
    Uploads::Limits limits;
    limits.transfer_bytes_per_second = 5'000'000;
    Stream stream(limits);
    stream.source.open(1, 1, content(300, 256 * kibi));
    stream.source.open(2, 1, content(300, 256 * kibi));
    stream.run(10s, 10e6, 5e6);
    for (auto const& [id, bytes] : stream.bytes) {
        CHECK(static_cast<double>(bytes) > 0.95 * 50e6);
        CHECK(static_cast<double>(bytes) < 1.05 * 50e6);
    }
}

TEST_CASE("with both limits neither is exceeded, and all get the same") {
    Uploads::Limits limits;
    limits.bytes_per_second = 10'000'000;
    limits.transfer_bytes_per_second = 5'000'000;
    Stream stream(limits);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        stream.source.open(number, number, content(300, 256 * kibi));
    }
    stream.run(10s, 10e6, 5e6);
    CHECK(static_cast<double>(stream.all) > 0.95 * 100e6);
    CHECK(stream.above <= above_most(10e6, 256 * kibi));
    for (auto const& [id, bytes] : stream.bytes) {
        CHECK_THAT(static_cast<double>(bytes),
                   Catch::Matchers::WithinAbs(100e6 / 3, 2.0 * 256 * kibi));
        CHECK(stream.above_of.at(id) <= above_most(5e6, 256 * kibi));
    }
}

TEST_CASE("a limited transfer does not hold up another of the same sink") {
    Uploads::Limits limits = roomy_limits();
    limits.transfer_bytes_per_second = 100;
    Source source(limits);
    source.open(1, 1, content(10));
    source.open(2, 1, content(10));
    auto const pieces = source.fill();
    REQUIRE(pieces.size() == 2);
    CHECK(pieces[0].transfer != pieces[1].transfer);
}

TEST_CASE("nothing has its turn by the passing of time when nobody waits") {
    Uploads::Limits limits;
    limits.bytes_per_second = 100;
    Source source(limits);
    CHECK_FALSE(source.core.next_turn(source.now));
    source.open(1, 1, content(2));
    CHECK_FALSE(source.core.next_turn(source.now));  // it could be served now
    CHECK(source.serve(1).at(1) == 100);
    CHECK(source.core.next_turn(source.now) == source.now + 1s - RateLimit::late_most);
    source.now += 1s;
    CHECK(source.serve(1).at(1) == 100);
    CHECK_FALSE(source.core.next_turn(source.now));
}
