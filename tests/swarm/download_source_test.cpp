#include "catch.hpp"

#include <xfsbus/swarm/download_source.hpp>

#include <deque>

using namespace xfsbus;
using namespace std::chrono_literals;
using Catch::Matchers::WithinRel;
using swarm::DownloadSource;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

wire::Duration time_of(double seconds) {
    return std::chrono::duration_cast<wire::Duration>(std::chrono::duration<double>(seconds));
}

DownloadSource source_at(double latency_ms, DownloadSource::Window window = {}) {
    DownloadSource source(1, window);
    source.about.latency_ms = latency_ms;
    return source;
}

/// A source that has delivered at this rate for a while.
DownloadSource source_of(double bytes_per_s, double latency_ms) {
    auto source = source_at(latency_ms);
    wire::Time now{1000s};
    source.rate.set_busy(now, true);
    for (int i = 0; i < 50; ++i) {
        now += 100ms;
        source.rate.add(now, static_cast<std::uint64_t>(bytes_per_s / 10));
    }
    return source;
}

std::uint64_t window_of(DownloadSource source, DownloadSource::Window window) {
    source.window = window;
    return source.window_bytes();
}

bool has_room(DownloadSource source, std::uint64_t bytes, DownloadSource::Window window) {
    source.window = window;
    return source.has_room(bytes);
}

/// A source at the other end of a link: what is asked of it arrives one after the other.
class Path {
  public:
    Path(double bytes_per_s, wire::Duration round_trip, std::uint32_t chunk_bytes)
        : source_(source_at(seconds(round_trip) * 1000, {chunk_bytes, 32 * mib})),
          bytes_per_s_(bytes_per_s),
          round_trip_(round_trip) {}

    void run(wire::Duration duration) {
        auto const end = now_ + duration;
        fill();
        while (now_ < end) {
            REQUIRE_FALSE(arrivals_.empty());
            now_ = arrivals_.front();
            arrivals_.pop_front();
            source_.rate.add(now_, source_.window.chunk_bytes);
            source_.note_settled(now_, settled_++, source_.window.chunk_bytes);
            fill();
        }
    }

    [[nodiscard]] std::uint64_t window() const { return source_.window_bytes(); }

    [[nodiscard]] double delivered() const {
        return static_cast<double>(settled_) * source_.window.chunk_bytes;
    }

    [[nodiscard]] wire::Time now() const { return now_; }

  private:
    static constexpr std::uint64_t left_bytes = 1024 * mib;

    void fill() {
        if (!source_.is_worth_asking(left_bytes)) {
            return;
        }
        while (source_.has_room(source_.window.chunk_bytes)) {
            source_.note_asked(now_, asked_++, source_.window.chunk_bytes);
            free_ = std::max(free_, now_ + round_trip_) +
                    time_of(source_.window.chunk_bytes / bytes_per_s_);
            arrivals_.push_back(free_);
        }
    }

    DownloadSource source_;
    double bytes_per_s_;
    wire::Duration round_trip_;
    wire::Time now_{1000s};
    wire::Time free_{};
    std::deque<wire::Time> arrivals_;
    std::uint32_t asked_ = 0;
    std::uint32_t settled_ = 0;
};

/// The part of the link's rate that is used once the source is known.
double use_of(Path& path, double bytes_per_s) {
    path.run(10s);
    auto const begun = path.now();
    double const before = path.delivered();
    path.run(20s);
    return (path.delivered() - before) / (bytes_per_s * seconds(path.now() - begun));
}

}  // namespace

TEST_CASE("of a source whose rate is not known two chunks are asked, whatever its distance") {
    auto const latency_ms = GENERATE(0.0, 1.0, 500.0);
    auto const source = source_at(latency_ms);
    CHECK(window_of(source, {256 * kib, 32 * mib}) == 512 * kib);
    CHECK(window_of(source, {4 * mib, 32 * mib}) == 8 * mib);
}

TEST_CASE("a window is never larger than its bound, but one chunk may always be asked") {
    CHECK(window_of(source_at(1), {4 * mib, 5 * mib}) == 5 * mib);
    auto const fast = source_of(1e10, 1000);
    CHECK(window_of(fast, {256 * kib, 32 * mib}) == 32 * mib);
    auto source = source_at(1);
    CHECK(has_room(source, 4 * mib, {4 * mib, mib}));
    source.note_asked(wire::Time{1000s}, 0, 4 * mib);
    CHECK_FALSE(has_room(source, 1, {4 * mib, mib}));
}

TEST_CASE("a window holds two chunks, twice what is on the way, and a tenth of a second's worth") {
    struct Case {
        double bytes_per_s;
        double latency_ms;
        double expected;
    };

    auto const c =
        GENERATE(Case{1e6, 0, 100'000}, Case{1e6, 100, 300'000}, Case{12.5e6, 2, 1'300'000},
                 Case{50e6, 10, 6'000'000}, Case{125e6, 10, 2'500'000 + 8.0 * mib});
    auto const source = source_of(c.bytes_per_s, c.latency_ms);
    auto const window = window_of(source, {256 * kib, 32 * mib});
    CHECK_THAT(static_cast<double>(window), WithinRel(512.0 * kib + c.expected, 0.001));
}

TEST_CASE("more is asked for when a quarter of the window is free") {
    auto source = source_of(100.0 * static_cast<double>(mib), 0);
    source.window = {mib, 32 * mib};
    auto const window = source.window_bytes();
    source.note_asked(wire::Time{1000s}, 0, window - window / 4 + 1);
    CHECK(source.has_room(mib));
    CHECK_FALSE(source.is_worth_asking(32 * mib));
    source.note_settled(wire::Time{1000s}, 0, 1);
    CHECK(source.is_worth_asking(32 * mib));
}

TEST_CASE("the last chunks, and those of a small window, are asked for as there is room") {
    auto source = source_of(100.0 * static_cast<double>(mib), 0);
    source.window = {mib, 32 * mib};
    source.note_asked(wire::Time{1000s}, 0, source.window_bytes() - mib);
    CHECK_FALSE(source.is_worth_asking(2 * mib));
    CHECK(source.is_worth_asking(mib));
    CHECK(source.is_worth_asking(1));
    auto slow = source_at(1, {mib, 32 * mib});
    slow.note_asked(wire::Time{1000s}, 0, mib);
    CHECK(slow.is_worth_asking(32 * mib));
    slow.note_asked(wire::Time{1000s}, 1, mib);
    CHECK_FALSE(slow.is_worth_asking(1));
}

TEST_CASE("a long fat path is filled within a few round trips") {
    constexpr double rate = 125e6;  // 1 Gbit/s
    Path path(rate, 100ms, 256 * kib);
    auto const begun = path.now();
    while (static_cast<double>(path.window()) < rate * 0.1) {
        path.run(1ms);
        REQUIRE(path.now() - begun < 10s);
    }
    CHECK(path.now() - begun <= 700ms);
    CHECK(use_of(path, rate) > 0.99);
}

TEST_CASE("a slow source is asked for little, however far it is") {
    Path near(1e5, 1ms, 256 * kib);
    CHECK(use_of(near, 1e5) > 0.99);
    CHECK(near.window() < 3 * 256 * kib);
    Path far(1e6, 100ms, 256 * kib);
    CHECK(use_of(far, 1e6) > 0.99);
    CHECK(far.window() < 4 * 256 * kib);
}

TEST_CASE("large chunks do not leave a path idle between two of them") {
    auto const round_trip = GENERATE(1ms, 20ms, 100ms);
    Path path(12.5e6, round_trip, 4 * mib);
    CHECK(use_of(path, 12.5e6) > 0.99);
}

TEST_CASE("what is asked is outstanding until it is settled, and adds up to the credit") {
    auto source = source_at(1);
    wire::Time const now{1000s};
    source.note_asked(now, 7, 100);
    source.note_asked(now, 8, 40);
    CHECK(source.outstanding_bytes == 140);
    CHECK(source.credit == 140);
    source.note_settled(now, 7, 100);
    CHECK(source.outstanding_bytes == 40);
    CHECK(source.credit == 140);
    CHECK(source.asked.size() == 1);
}

TEST_CASE("the time in which nothing is asked of a source does not make it slow") {
    auto source = source_at(1);
    wire::Time now{1000s};
    for (std::uint32_t chunk = 0; chunk < 10; ++chunk) {
        source.note_asked(now, chunk, 1000);
        now += 10ms;
        source.rate.add(now, 1000);
        source.note_settled(now, chunk, 1000);
        now += 5s;
    }
    CHECK_THAT(source.rate.bytes_per_second(), WithinRel(100'000.0, 1e-6));
}

TEST_CASE("where somebody waits, little is asked ahead, and never more than a source has brought") {
    auto source = source_of(100.0 * static_cast<double>(mib), 1);
    DownloadSource::Window const hurried{256 * kib, 32 * mib, true};
    CHECK(window_of(source, hurried) == 512 * kib);  // whatever the rate of the first chunks
    source.delivered_bytes = 700 * kib;
    CHECK(window_of(source, hurried) == 700 * kib);
    source.delivered_bytes = 100 * mib;
    auto const window = window_of(source, hurried);
    CHECK(window < window_of(source, {256 * kib, 32 * mib}));
    CHECK(window > 512 * kib + 2 * mib);  // at this rate it is not to run dry
}
