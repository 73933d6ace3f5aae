// Small files that come together, from one peer to another.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/reader.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <optional>
#include <span>
#include <string>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kibi = 1024;

/// Bytes of a program, which are read at once when they are hashed; later they wait until they may
/// be.
class HeldBytes final : public BlockSource {
  public:
    explicit HeldBytes(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }

    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) override {
        if (reads_++ > 0) {
            go_on.wait();
        }
        std::ranges::copy(std::as_bytes(std::span(text_)).subspan(offset, into.size()),
                          into.begin());
        return done();
    }

    /// After it was hashed.
    [[nodiscard]] int reads() const { return reads_ - 1; }

    std::latch go_on{1};

  private:
    std::string text_;
    std::atomic<int> reads_ = 0;
};

/// A peer with small files in its directory, and one that fetches them as bundles.
struct Bundling {
    explicit Bundling(std::uint64_t upload_limit = 0) {
        for (auto const* const name : {"small/a", "small/c"}) {
            fs::create_directories(share.path() / "small");
            std::ofstream(share.path() / name) << text_of(name);
        }
        auto options = options_for(tracker);
        options.directory = share.path();
        options.upload_limit = upload_limit;
        source = Peer::start(std::move(options)).value();
        REQUIRE(source->wait_until_shared(patience));
        auto to = options_for(tracker);
        to.download_directory = downloads.path();
        to.durability = Durability::process;
        sink = Peer::start(std::move(to)).value();
        REQUIRE(sink->wait_for_tracker(patience));
    }

    static std::string text_of(std::string const& name) { return "what " + name + " has"; }

    [[nodiscard]] std::optional<std::string> fetched(std::string const& name) const {
        std::ifstream file(downloads.path() / name);
        return file ? std::optional(std::string(std::istreambuf_iterator(file), {})) : std::nullopt;
    }

    [[nodiscard]] DownloadJob start(std::string const& pattern) const {
        DownloadRequest request;
        request.name = pattern;
        return sink->start_download(request);
    }

    /// How many transfers to the sink are open, if all of them wait; else 0.
    [[nodiscard]] std::size_t waits() const {
        auto const all = source->status(patience).value().uploading;
        auto const waiting = [](auto const& each) { return each.queued_chunks > 0; };
        return std::ranges::all_of(all, waiting) ? all.size() : 0;
    }

    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
};

std::string read_of(Reader const& reader) {
    std::array<std::byte, 100> bytes{};
    auto const got = reader.read(0, bytes, patience);
    return got ? std::string(reinterpret_cast<char const*>(bytes.data()), *got)
               : got.error().message;
}

}  // namespace

TEST_CASE("A bundle has the bytes of a directory's files and of a program's, one by one") {
    Bundling const two;
    auto const made = std::make_shared<HeldBytes>("made by a program");
    REQUIRE(two.source->publish({"small/b", made}, patience));
    auto const job = two.start("small/*");
    REQUIRE(comes_true([&] { return made->reads() == 1; }));
    CHECK(two.source->status(patience).value().uploading.size() == 1);
    made->go_on.count_down();
    REQUIRE(job.wait(patience));
    CHECK(two.fetched("small/a") == Bundling::text_of("small/a"));
    CHECK(two.fetched("small/b") == "made by a program");
    CHECK(two.fetched("small/c") == Bundling::text_of("small/c"));
    CHECK(made->reads() == 1);
}

TEST_CASE("A reader opened on a file that comes within a bundle reads it when it has come") {
    Bundling const two;
    auto const made = std::make_shared<HeldBytes>("made by a program");
    REQUIRE(two.source->publish({"small/b", made}, patience));
    auto const job = two.start("small/*");
    REQUIRE(comes_true([&] { return made->reads() == 1; }));  // the bundle is being read
    REQUIRE(two.sink->status(patience).value().downloading.size() == 3);
    auto reading = std::async(std::launch::async, [&] {
        return read_of(two.sink->open("small/b", {}, patience).value());
    });
    CHECK(reading.wait_for(50ms) == std::future_status::timeout);
    made->go_on.count_down();
    CHECK(reading.get() == "made by a program");
    REQUIRE(job.wait(patience));
    CHECK(read_of(two.sink->open("small/a", {}, patience).value()) == Bundling::text_of("small/a"));
    CHECK(two.fetched("small/b") == "made by a program");
}

TEST_CASE("A bundle of which one file goes before it is read is refused, and the rest come alone") {
    constexpr std::uint64_t chunk = 128 * kibi;
    Bundling const two(chunk / 4);  // four seconds a chunk
    std::string const large(4 * chunk, 'x');
    auto const bytes = std::make_shared<std::string const>(large);
    OwnedBytes const given{std::as_bytes(std::span(*bytes)), bytes};
    REQUIRE(two.source->publish({"large", given}, patience));
    REQUIRE(two.source->publish({"small/b", std::make_shared<HeldBytes>("gone")}, patience));
    auto const ahead = two.start("large");
    REQUIRE(comes_true([&] { return two.waits() == 1; }));
    auto const job = two.start("small/*");
    REQUIRE(comes_true([&] { return two.waits() == 2; }));
    REQUIRE(two.source->unpublish("small/b", patience));
    ahead.cancel();
    REQUIRE(job.wait(patience));
    CHECK(two.fetched("small/a") == Bundling::text_of("small/a"));
    CHECK_FALSE(two.fetched("small/b"));
    CHECK(two.fetched("small/c") == Bundling::text_of("small/c"));
}
