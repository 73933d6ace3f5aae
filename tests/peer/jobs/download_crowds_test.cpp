// A download of many files from many sources: whom it asks when, and which connections it keeps.
#include "downloader.hpp"

#include <algorithm>
#include <string>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// So many small files, each at a source of its own.
struct Crowd {
    explicit Crowd(std::size_t count) : sut({.places = 1000}) {
        for (std::size_t i = 0; i < count; ++i) {
            sut.share(sut.add_peer(), name(i), sample(10, static_cast<unsigned>(i)));
        }
    }

    static std::string name(std::size_t i) { return "m" + std::to_string(1000 + i) + ".bin"; }

    [[nodiscard]] std::size_t probes() const {
        std::size_t all = 0;
        for (auto const& peer : sut.peers) {
            all += peer.probes;
        }
        return all;
    }

    Downloader sut;
};

std::size_t failed(Downloader::Job const& job) {
    auto const& files = (**job.result)->files;
    return static_cast<std::size_t>(
        std::ranges::count_if(files, [](auto const& file) { return file.error.has_value(); }));
}

}  // namespace

// ---- connections ----

TEST_CASE("The sources of no more files are asked together than there may be connections to") {
    Crowd crowd(600);
    for (auto& peer : crowd.sut.peers) {
        peer.describes = false;  // so that it comes to no more files
    }
    auto const job = crowd.sut.start(Downloader::order("m*"));
    crowd.sut.time.pass(100ms);
    CHECK(crowd.probes() == 256);
}

TEST_CASE("Connections are let go of when no file has a use for them, and no earlier") {
    Crowd crowd(1600);
    for (auto& peer : crowd.sut.peers) {
        peer.time_of_a_chunk = 1s;  // those in progress keep theirs
    }
    auto const job = crowd.sut.start(Downloader::order("m*"));
    std::size_t most = 0;
    for (int tick = 0; tick < 1000 && !job.done(); ++tick) {
        crowd.sut.time.pass(100ms);
        most = std::max(most, crowd.sut.links.open());
    }
    REQUIRE(job.done());
    CHECK(failed(job) == 0);
    CHECK(most < 1300);
    CHECK(crowd.probes() == 1600);  // else one was forgotten that a file at hand had a use for
}

TEST_CASE("Who has lied about a file that is in progress does not join it when it is asked anew") {
    Crowd crowd(900);
    auto& honest = crowd.sut.add_peer();
    auto& liar = crowd.sut.add_peer();
    auto const file = sample(8 * chunk_bytes, 1000);
    auto const last = sample(20, 1001);
    crowd.sut.share(liar, "a.bin", file);
    crowd.sut.share(honest, "a.bin", file);
    crowd.sut.share(liar, "z.bin", last);
    liar.contents.at(file.content) = sample(8 * chunk_bytes, 1002);
    honest.time_of_a_chunk = 2s;
    auto const job = crowd.sut.run(Downloader::order("*.bin"));
    CHECK(failed(job) == 0);
    CHECK(liar.probes == 2);  // its connection was let go of meanwhile
    CHECK(crowd.sut.counters[telemetry::Counter::chunks_rejected] == 0);
}

// ---- looking ahead ----

TEST_CASE("Of many sources of a file 64 are asked how they are") {
    Downloader sut;
    auto const file = sample(8 * chunk_bytes);
    for (int i = 0; i < 200; ++i) {
        sut.share(sut.add_peer(), "file.bin", file);
    }
    auto const job = sut.start(Downloader::order("file.bin"));
    sut.pass_until_stored(job, chunk_bytes);
    CHECK(std::ranges::count(sut.peers, 1U, &FakePeer::probes) == 64);
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
}

TEST_CASE(
    "No sources are asked for files far ahead while most of those at hand are not described") {
    Downloader sut({.places = 1000});
    auto& first = sut.add_peer();
    auto& second = sut.add_peer();
    first.describes = false;
    for (unsigned i = 0; i < 600; ++i) {
        sut.share(i < 512 ? first : second, Crowd::name(i), sample(10, i));
    }
    auto const job = sut.start(Downloader::order("m*"));
    sut.time.pass(3s);
    CHECK(first.probes == 1);
    CHECK(second.probes == 0);
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
    CHECK(failed(job) == 512);
    CHECK(second.probes == 1);
}

TEST_CASE("A source that did not answer is asked again half a minute later") {
    Downloader sut({.places = 1});
    auto& source = sut.add_peer();
    auto& silent = sut.add_peer();
    source.time_of_a_chunk = 9s;  // for 64 files each
    for (unsigned i = 0; i < 1200; ++i) {
        auto const file = sample(10, i);
        sut.share(source, Crowd::name(i), file);
        if (i < 5 || i > 1100) {
            sut.share(silent, Crowd::name(i), file);
        }
    }
    silent.is_up = false;
    auto const job = sut.start(Downloader::order("m*"));
    REQUIRE(sut.time.pass_until([&] { return silent.probes == 1; }));
    for (auto& file : sut.tracker.files) {  // so that no file in progress looks for it
        std::erase(file.sources, source_entry(silent));
    }
    REQUIRE(sut.time.pass_until([&] { return job.done(); }));
    CHECK(failed(job) == 0);
    CHECK(silent.probes == 2);
}

TEST_CASE("Large files come one after the other, however many places there are") {
    Downloader sut;
    auto& source = sut.add_peer();
    for (char const byte : {'a', 'b', 'c'}) {
        auto const large = xfsbus::test::with_bytes(std::string(33 * 1024 * 1024, byte));
        sut.share(source, std::string(1, byte), large);
    }
    auto const job = sut.start(Downloader::order("*"));
    std::size_t most = 0;
    REQUIRE(sut.time.pass_until([&] {
        most = std::max(most, job.task->status().size());
        return job.done();
    }));
    CHECK(failed(job) == 0);
    CHECK(most == 1);
}
