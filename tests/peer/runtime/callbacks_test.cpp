// What a program may do within the callbacks of a peer: none of it can stop the peer, or hang.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

constexpr std::uint64_t slow_bytes = 3'000'000;

/// A source that has a file, and a sink that takes two seconds for it.
struct Two {
    Two() {
        write_file(share.path() / "file.bin", slow_bytes);
        source = source_of(tracker, share.path());
        sink = sink_of(tracker, downloads.path(), slow_bytes / 2);
    }

    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
};

DownloadRequest file_bin() {
    DownloadRequest request;
    request.name = "file.bin";
    return request;
}

}  // namespace

TEST_CASE("A peer can be asked for its status while a download tells of its progress") {
    Two two;
    std::size_t downloading = 0;
    auto const report = two.sink->download(
        file_bin(),
        [&](DownloadProgress const&) {
            downloading += two.sink->status(patience).value().downloading.size();
        },
        patience);
    REQUIRE(report);
    CHECK_FALSE(report->files.at(0).error);
    CHECK(downloading > 0);
}

TEST_CASE("What on_progress throws comes out of the download, and cancels it") {
    Two two;
    CHECK_THROWS_AS(
        two.sink->download(file_bin(), [](auto const&) { throw std::runtime_error("enough"); }),
        std::runtime_error);
    auto const until = std::chrono::steady_clock::now() + patience;
    while (!two.sink->status(patience).value().downloading.empty() &&
           std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    CHECK(two.sink->status(patience).value().downloading.empty());
    auto const again = two.sink->download(file_bin(), {}, patience);
    REQUIRE(again);
    CHECK_FALSE(again->files.at(0).error);
}

TEST_CASE("A peer can be destroyed while a download tells of its progress") {
    Two two;
    auto const report = two.sink->download(file_bin(), [&](DownloadProgress const& progress) {
        if (progress.bytes_done > 0) {
            two.sink.reset();
        }
    });
    REQUIRE(report);
    REQUIRE(report->files.size() == 1);
    CHECK(report->files[0].error->code == Errc::interrupted);
}

TEST_CASE("What a log throws goes no further, and a wait within it is refused") {
    Two two;
    std::promise<Errc> refused;
    bool asked = false;
    Peer* self = nullptr;
    auto options = options_for(two.tracker);
    options.download_directory = two.downloads.path();
    options.log = [&](LogEvent const& event) {
        if (event.name == "download-begun" && !std::exchange(asked, true)) {
            refused.set_value(self->status().error().code);
        }
        throw std::runtime_error("no room for a log");
    };
    auto const sut = Peer::start(std::move(options)).value();
    self = sut.get();
    REQUIRE(sut->wait_for_tracker(patience));
    auto const report = sut->download(file_bin(), {}, patience);
    REQUIRE(report);
    CHECK_FALSE(report->files.at(0).error);
    CHECK(refused.get_future().get() == Errc::usage);
}

TEST_CASE("A peer can be destroyed by what its log says, and then answers all who wait") {
    Two two;
    std::unique_ptr<Peer> sut;
    std::promise<void> destroyed;
    auto options = options_for(two.tracker);
    options.download_directory = two.downloads.path();
    options.log = [&](LogEvent const& event) {
        if (event.name == "download-begun") {
            sut.reset();
            destroyed.set_value();
        }
    };
    sut = Peer::start(std::move(options)).value();
    REQUIRE(sut->wait_for_tracker(patience));
    auto const events = sut->events().value();
    auto const job = sut->start_download(file_bin());
    REQUIRE(destroyed.get_future().wait_for(patience) == std::future_status::ready);
    REQUIRE(job.wait(patience));
    CHECK(job.result()->value().files.at(0).error->code == Errc::interrupted);
    bool ended = false;
    while (auto const event = events.wait(patience)) {
        ended = std::holds_alternative<PeerEnded>(*event);
    }
    CHECK(ended);
}

TEST_CASE("A log is told what its peer says at its end, and nothing once the peer is destroyed") {
    Two two;
    std::mutex mutex;
    std::vector<std::string> lines;
    bool destroyed = false;
    bool late = false;
    std::promise<void> begun;
    auto options = options_for(two.tracker);
    options.download_directory = two.downloads.path();
    options.download_limit = slow_bytes / 2;
    options.log_level = LogLevel::info;
    options.log = [&](LogEvent const& event) {
        std::lock_guard const lock(mutex);
        late = late || destroyed || event.level < LogLevel::info;
        lines.emplace_back(event.name);
        if (event.name == "download-begun") {
            begun.set_value();
        }
    };
    auto sut = Peer::start(std::move(options)).value();
    REQUIRE(sut->wait_for_tracker(patience));
    auto const job = sut->start_download(file_bin());
    REQUIRE(begun.get_future().wait_for(patience) == std::future_status::ready);
    sut.reset();
    std::lock_guard const lock(mutex);
    destroyed = true;
    CHECK(std::ranges::count(lines, "started") == 1);
    CHECK(std::ranges::count(lines, "download-failed") == 1);
    CHECK_FALSE(late);
}

TEST_CASE("A log that reads what its program publishes, which fails, hangs nobody") {
    struct Failing final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return 10; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte> into) override {
            if (fails) {
                throw std::runtime_error("no bytes");
            }
            std::ranges::fill(into, std::byte{7});
            return done();
        }

        std::atomic<bool> fails = false;
    };

    Two two;
    auto const bytes = std::make_shared<Failing>();
    std::optional<Reader> reader;
    std::promise<bool> read;
    bool asked = false;
    auto options = options_for(two.tracker);
    options.download_directory = two.downloads.path();
    options.log = [&](LogEvent const& event) {
        if (event.name == "download-begun" && !std::exchange(asked, true)) {
            std::array<std::byte, 10> buffer{};
            read.set_value(static_cast<bool>(reader->read(0, buffer)));
        }
    };
    auto const sut = Peer::start(std::move(options)).value();
    REQUIRE(sut->wait_for_tracker(patience));
    REQUIRE(
        sut->publish({.name = "blocks", .what = std::shared_ptr<BlockSource>(bytes)}, patience));
    reader = sut->open("blocks", {}, patience).value();
    bytes->fails = true;
    auto const report = sut->download(file_bin(), {}, patience);
    REQUIRE(report);
    auto told = read.get_future();
    REQUIRE(told.wait_for(patience) == std::future_status::ready);
    CHECK_FALSE(told.get());
}
