#include "jobs/stream.hpp"

#include "catch.hpp"

#include <xfsbus/swarm/content_state.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs;

namespace {

constexpr std::uint32_t stream_chunk = 1'000'000;

/// A file of twenty chunks, of which nothing is here, and what its download was told to fetch.
struct Watched {
    Watched() {
        stream.begin(about, {content, std::make_shared<storage::PartReader>(files::Fd()),
                             [this](std::uint64_t position) { fetched.push_back(position); }});
    }

    /// What is answered to somebody who wants this byte.
    std::shared_ptr<std::optional<Result<Stream::Here>>> ask(std::uint64_t offset) {
        auto answer = std::make_shared<std::optional<Result<Stream::Here>>>();
        stream.when_here(offset, answer, [weak = std::weak_ptr(answer)](auto here) {
            if (auto const to = weak.lock()) {
                to->emplace(std::move(here));
            }
        });
        return answer;
    }

    void gain(std::uint32_t chunk) {
        content->gained(chunk);
        stream.gained();
    }

    Stream::About about{"film", {}, 20ULL * stream_chunk};
    std::shared_ptr<swarm::ContentState> content = std::make_shared<swarm::ContentState>(
        wire::ContentId{},
        wire::FileLayout{.bytes = 20ULL * stream_chunk, .chunk_bytes = stream_chunk, .chunks = 20},
        swarm::ChunkSet(20));
    std::vector<std::uint64_t> fetched;
    Stream stream;
};

}  // namespace

TEST_CASE("Whoever waits for a byte is answered when it is here, with how much follows it") {
    Watched sut;
    sut.gain(6);
    auto const answer = sut.ask(5'500'000);
    CHECK_FALSE(*answer);
    sut.gain(4);
    CHECK_FALSE(*answer);
    sut.gain(5);
    REQUIRE(*answer);
    CHECK((*answer)->value().end == 7'000'000);
    CHECK_FALSE((*answer)->value().stamp);
    for (std::uint32_t chunk = 7; chunk < 20; ++chunk) {
        sut.gain(chunk);
    }
    CHECK(sut.ask(5'500'000)->value().value().end == 5'500'000 + Stream::answer_bytes);
    CHECK(sut.ask(19'999'999)->value().value().end == 20'000'000);
}

TEST_CASE("What is fetched first is what the one waits for who has waited longest and still does") {
    Watched sut;
    auto first = sut.ask(9'000'000);
    auto const second = sut.ask(3'000'000);
    CHECK(sut.fetched == std::vector<std::uint64_t>{9'000'000, 3'000'000});  // each at once
    sut.gain(0);
    CHECK(sut.fetched.back() == 9'000'000);
    sut.gain(9);
    CHECK(sut.fetched.back() == 3'000'000);
    first = sut.ask(15'000'000);
    CHECK(sut.fetched.back() == 15'000'000);
    sut.gain(1);
    CHECK(sut.fetched.back() == 3'000'000);
    sut.gain(3);
    CHECK(sut.fetched.back() == 15'000'000);
    first.reset();  // it is gone
    auto const third = sut.ask(1'000'000);
    CHECK(sut.fetched.back() == 1'000'000);
}

TEST_CASE(
    "With the end of a download those who wait are told why, and what is here stays readable") {
    Watched sut;
    sut.gain(2);
    auto const waits = sut.ask(0);
    auto const whole = sut.ask(Stream::whole);
    sut.stream.fail({Errc::timeout, "no source is left"});
    CHECK(waits->value().error().code == Errc::network);  // no timeout of the one who waits
    CHECK(whole->value().error().message == "no source is left");
    CHECK(sut.ask(0)->value().error().code == Errc::network);
    CHECK(sut.ask(2'000'000)->value().value().end == 3'000'000);
    CHECK(sut.stream.over());
}

TEST_CASE("A file that has its name is whole, and is read by its stamp") {
    Watched sut;
    auto const waits = sut.ask(7);
    auto const whole = sut.ask(Stream::whole);
    swarm::FileStamp stamp;
    stamp.inode = 5;
    sut.stream.complete(sut.about, stamp);
    CHECK(waits->value().value().end == sut.about.size);
    CHECK(waits->value().value().stamp == stamp);
    CHECK(whole->value().ok());
    sut.stream.fail({Errc::failed, "too late"});
    CHECK(sut.ask(0)->value().ok());
}

TEST_CASE("A stream whose content becomes another one ends") {
    Watched sut;
    auto const waits = sut.ask(0);
    sut.stream.begin(sut.about, {sut.content, nullptr, {}});  // the same once more
    CHECK_FALSE(*waits);
    auto other = sut.about;
    other.content.bytes[0] = 1;
    sut.stream.begin(other, {sut.content, nullptr, {}});
    CHECK(waits->value().error().code == Errc::integrity);
}
