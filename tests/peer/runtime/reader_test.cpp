// Files that are read while they come.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/peer/reader.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t chunk = 128 * 1024;  // of files up to 128 MiB

std::string noise_of(std::size_t bytes) {
    std::mt19937 random(7);
    std::string block(chunk, '\0');
    std::ranges::generate(block, [&] { return static_cast<char>(random()); });
    std::string text;
    while (text.size() < bytes) {  // no two chunks are the same
        text += std::to_string(text.size()) + block;
    }
    text.resize(bytes);
    return text;
}

/// A source that has a file, and a sink of so many bytes a second.
struct Shared {
    explicit Shared(std::size_t bytes, std::uint64_t rate = 0) : text(noise_of(bytes)) {
        std::ofstream(share.path() / "film.bin", std::ios::binary) << text;
        source = source_of(tracker, share.path());
        sink = sink_of(tracker, downloads.path(), rate);
    }

    [[nodiscard]] Reader open(OpenOptions const& options = {}) const {
        return sink->open("film.bin", options, patience).value();
    }

    /// Whether what is read there, whole, is what the file has there.
    [[nodiscard]] bool reads(Reader const& reader, std::size_t offset, std::size_t bytes) const {
        std::string read;
        while (read.size() < bytes) {
            std::array<std::byte, 100'000> some{};
            auto const to = std::span(some).first(std::min(some.size(), bytes - read.size()));
            auto const got = reader.read(offset + read.size(), to, patience);
            if (!got || *got == 0) {
                return false;
            }
            read.append(reinterpret_cast<char const*>(some.data()), *got);
        }
        return read == text.substr(offset, bytes);
    }

    /// Waits until nothing is fetched any more.
    [[nodiscard]] bool becomes_idle() const {
        return comes_true([this] { return sink->status(patience).value().downloading.empty(); });
    }

    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
    std::string text;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
};

Result<std::size_t> read_byte(Reader const& reader, std::uint64_t offset, Wait const& wait) {
    std::array<std::byte, 1> one{};
    return reader.read(offset, one, wait);
}

/// A byte that is not here: which chunks come first is left to chance.
std::uint64_t missing_byte(Reader const& reader) {
    auto offset = reader.size() - 1;
    while (true) {
        auto const read = read_byte(reader, offset, 0ms);
        if (!read) {
            CHECK(read.error().code == Errc::timeout);
            return offset;
        }
        offset -= chunk;
    }
}

}  // namespace

TEST_CASE("A file is read while it comes, from its beginning to its end, and is there then") {
    Shared const sut(5 * mib + 12'345);
    auto const reader = sut.open();
    CHECK(reader.name() == "film.bin");
    CHECK(reader.size() == sut.text.size());
    CHECK(reader.content() == sut.source->files(patience).value().at(0).content);
    CHECK(sut.reads(reader, 0, sut.text.size()));
    CHECK(read_byte(reader, sut.text.size(), patience).value() == 0);
    CHECK(reader.read(0, {}, patience).value() == 0);
    REQUIRE(reader.wait_until_whole(patience));
    CHECK(std::filesystem::file_size(sut.downloads.path() / "film.bin") == sut.text.size());
    CHECK(sut.reads(reader, 1'000, 2 * mib));  // of the file that has its name now
}

TEST_CASE("What is read is fetched first, wherever it is, while most of the file is not here") {
    Shared const sut(64 * mib, 4 * mib);
    auto const reader = sut.open();
    CHECK(sut.reads(reader, 0, 1000));
    CHECK(sut.reads(reader, 50 * mib, 2 * chunk));
    CHECK(sut.reads(reader, 64 * mib - 10, 10));
    auto const status = sut.sink->status(patience).value();
    REQUIRE(status.downloading.size() == 1);
    CHECK(status.downloading[0].bytes_done < 32 * mib);
}

TEST_CASE("Whoever waits for a byte longer than it wants is told so, and may ask again") {
    Shared const sut(64 * mib, 2 * mib);
    auto const reader = sut.open();
    auto const offset = missing_byte(reader);
    CHECK(read_byte(reader, offset, patience).value() == 1);
}

TEST_CASE("A wait for bytes can be ended from another thread") {
    Shared sut(8 * mib, mib / 16);  // a chunk in two seconds: hardly one is on its way
    auto const reader = sut.open();
    CHECK(sut.reads(reader, 0, 1));
    sut.source.reset();  // so that no more comes
    std::stop_source stop;
    auto waiting = std::async(std::launch::async, [&, offset = missing_byte(reader)] {
        return read_byte(reader, offset, stop.get_token());
    });
    stop.request_stop();
    auto const read = waiting.get();
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::interrupted);
}

TEST_CASE("Whoever waits for bytes is told that the peer has ended, and so is who reads later") {
    Shared sut(8 * mib, mib / 16);  // a chunk in two seconds: hardly one is on its way
    auto const reader = sut.open();
    CHECK(sut.reads(reader, 0, 1));
    sut.source.reset();  // so that no more comes
    auto const offset = missing_byte(reader);
    std::atomic<bool> waits = false;
    auto waiting = std::async(std::launch::async, [&] {
        waits = true;
        waits.notify_one();
        return read_byte(reader, offset, {});
    });
    waits.wait(false);
    sut.sink.reset();
    auto const read = waiting.get();
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::ended);
    CHECK(read_byte(reader, offset, {}).error().code == Errc::ended);
}

TEST_CASE("With its last reader a download ends, and goes on where it stopped with the next") {
    Shared const sut(64 * mib, 8 * mib);
    auto reader = std::optional(sut.open());
    CHECK(sut.reads(*reader, 0, chunk));
    auto second = std::optional(sut.open());
    reader.reset();
    CHECK(sut.reads(*second, 0, 2 * chunk));
    CHECK(sut.sink->status(patience).value().downloading.size() == 1);  // one for both
    second.reset();
    REQUIRE(sut.becomes_idle());
    CHECK_FALSE(std::filesystem::exists(sut.downloads.path() / "film.bin"));
    CHECK(sut.reads(sut.open(), 0, 3 * chunk));
}

TEST_CASE("A download that is to be kept goes on without its reader, to its end") {
    Shared const sut(4 * mib, 16 * mib);
    {
        auto const reader = sut.open({.keep = true});
        CHECK(sut.reads(reader, 0, 1));
    }
    REQUIRE(sut.becomes_idle());
    CHECK(std::filesystem::file_size(sut.downloads.path() / "film.bin") == sut.text.size());
}

TEST_CASE("A file that is shared here is read where it is, and not once it was changed") {
    Shared const sut(3 * mib);
    auto const reader = sut.source->open("film.bin", {}, patience).value();
    CHECK(sut.reads(reader, 0, sut.text.size()));
    auto const version = "film.bin@" + reader.content().substr(0, 12);
    CHECK(sut.reads(sut.source->open(version, {}, patience).value(), 5, 10));
    std::ofstream(sut.share.path() / "film.bin", std::ios::binary) << "short";
    auto const changed = read_byte(reader, 0, patience);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == Errc::integrity);
}

TEST_CASE("A file that another job of this peer fetches is read meanwhile") {
    Shared const sut(64 * mib, 8 * mib);
    DownloadRequest request;
    request.name = "*.bin";
    auto const job = sut.sink->start_download(request);
    while (sut.sink->status(patience).value().downloading.empty()) {
        REQUIRE_FALSE(job.done());
        std::this_thread::yield();
    }
    {
        auto const reader = sut.open();
        CHECK(sut.reads(reader, 40 * mib, chunk));
        CHECK_FALSE(job.done());
    }
    CHECK(sut.sink->status(patience).value().downloading.size() == 1);
    auto const reader = sut.open();
    job.cancel();
    auto over = read_byte(reader, 0, patience);
    for (auto offset = reader.size() - 1; over && offset > chunk; offset -= chunk) {
        over = read_byte(reader, offset, patience);
    }
    REQUIRE_FALSE(over);
    CHECK(over.error().code == Errc::interrupted);
}

TEST_CASE("A small file, an empty one, and one that is here already can be opened, too") {
    Shared const sut(3 * mib);
    std::ofstream(sut.share.path() / "small") << "some words";
    std::ofstream(sut.share.path() / "empty") << "";
    REQUIRE(sut.source->update_list(patience));
    for (int i = 0; i < 2; ++i) {  // the second time it is here
        auto const small = sut.sink->open("small", {}, patience).value();
        std::array<std::byte, 20> words{};
        CHECK(small.read(5, words, patience).value() == 5);
        CHECK(std::string_view(reinterpret_cast<char const*>(words.data()), 5) == "words");
        auto const empty = sut.sink->open("empty", {}, patience).value();
        CHECK(empty.size() == 0);
        CHECK(read_byte(empty, 0, patience).value() == 0);
    }
}

TEST_CASE("What nobody has, and what is not one file, cannot be opened") {
    Shared const sut(1 * mib);
    std::ofstream(sut.share.path() / "other.bin") << "other";
    REQUIRE(sut.source->update_list(patience));
    auto const missing = sut.sink->open("missing.bin", {}, patience);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::not_found);
    auto const two = sut.sink->open("*.bin", {}, patience);
    REQUIRE_FALSE(two);
    CHECK(two.error().code == Errc::usage);
    std::ofstream(sut.downloads.path() / "film.bin") << "mine";
    auto const taken = sut.sink->open("film.bin", {}, patience);
    REQUIRE_FALSE(taken);
    CHECK(sut.reads(sut.open({.force = true}), 0, sut.text.size()));
}
