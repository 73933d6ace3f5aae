// Policies that a program brings itself, and those that are built in.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/load_latency.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

constexpr std::size_t file_bytes = 3'000'000;

DownloadRequest own_file() {
    DownloadRequest request;
    request.name = "file.bin";
    return request;
}

/// A source and a sink that are as the test wants them.
struct Pair {
    using Change = std::function<void(PeerOptions&)>;

    explicit Pair(Change const& change_sink, Change const& change_source = {}) {
        write_file(share.path() / "file.bin", file_bytes);
        auto from = plain();
        from.directory = share.path();
        change_source ? change_source(from) : void();
        source = Peer::start(std::move(from)).value();
        REQUIRE(source->wait_until_shared(patience));
        auto to = plain();
        to.download_directory = downloads.path();
        change_sink(to);
        sink = Peer::start(std::move(to)).value();
        REQUIRE(sink->wait_for_tracker(patience));
    }

    /// Of plug-ins it names none.
    [[nodiscard]] PeerOptions plain() const {
        PeerOptions options;
        options.tracker = tracker.endpoint();
        return options;
    }

    [[nodiscard]] std::optional<Error> fetch() const {
        auto const report = sink->download(own_file(), {}, patience);
        REQUIRE(report);
        return report->files.at(0).error;
    }

    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
};

class Throws final : public policies::PeerSelector {
  public:
    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const>,
                                    policies::Rng&) override {
        throw std::runtime_error("not today");
    }
};

/// A digest of 32 bytes that sees every byte; good enough for a test alone.
class Sum final : public policies::Integrity {
  public:
    [[nodiscard]] std::size_t digest_size() const override { return 32; }

    void update(std::span<std::byte const> data) override {
        for (auto const byte : data) {
            sum_ = sum_ * 31 + std::to_integer<std::uint64_t>(byte);
        }
    }

    void finish(std::span<std::byte> digest) override {
        std::ranges::fill(digest, std::byte(sum_ % 251));
        sum_ = 0;
    }

  private:
    std::uint64_t sum_ = 0;
};

void use_sum(PeerOptions& options) {
    options.own_policies.integrity = {"sum", [] { return std::make_unique<Sum>(); }};
}

}  // namespace

TEST_CASE("A peer that names no plug-in decides by what is built in") {
    Pair const pair([](PeerOptions&) {});
    CHECK_FALSE(pair.fetch());
    auto const policy = pair.sink->policy(patience).value();
    CHECK(policy.name == "loadlatency");
    CHECK(policy.description == "built in");
    CHECK(policy.path.empty());
    CHECK(policy.picks > 0);
    CHECK(pair.sink->chunk_order(patience).value().name == "rarest");
    CHECK(pair.source->status(patience).value().integrity == "sha256");
}

TEST_CASE("Objects of a program's own policy decide, and share what its function captured") {
    auto const made = std::make_shared<std::atomic<int>>(0);
    Pair const pair([&](PeerOptions& options) {
        options.own_policies.selection = {"counted", [made] {
                                              ++*made;
                                              return std::make_unique<policies::LoadLatency>();
                                          }};
    });
    CHECK_FALSE(pair.fetch());
    CHECK(pair.sink->find("file.bin", patience));
    CHECK(*made >= 2);
    auto const policy = pair.sink->policy(patience).value();
    CHECK(policy.name == "counted");
    CHECK(policy.picks > 0);
    CHECK(policy.faults == 0);
}

TEST_CASE("A program's own order of chunks is asked") {
    class Backwards final : public policies::ChunkOrder {
      public:
        explicit Backwards(std::shared_ptr<std::atomic<int>> asked) : asked_(std::move(asked)) {}

        double rank(policies::ChunkView const& chunk, policies::Rng&) override {
            ++*asked_;
            return -static_cast<double>(chunk.chunk);
        }

      private:
        std::shared_ptr<std::atomic<int>> asked_;
    };

    auto const asked = std::make_shared<std::atomic<int>>(0);
    Pair const pair([&](PeerOptions& options) {
        options.own_policies.chunk_order = {"backwards",
                                            [asked] { return std::make_unique<Backwards>(asked); }};
    });
    CHECK_FALSE(pair.fetch());
    CHECK(*asked > 0);
    CHECK(pair.sink->chunk_order(patience).value().name == "backwards");
}

TEST_CASE("What a program's own policy throws is counted, and made good") {
    Pair const pair([](PeerOptions& options) {
        options.own_policies.selection = {"bad", [] { return std::make_unique<Throws>(); }};
    });
    CHECK_FALSE(pair.fetch());
    CHECK(pair.sink->policy(patience).value().faults > 0);
}

TEST_CASE("A program's function that makes nothing, or throws, is at fault, and nothing else is") {
    auto const make = GENERATE(
        MakePolicy<policies::PeerSelector>(
            [] { return std::unique_ptr<policies::PeerSelector>(); }),
        MakePolicy<policies::PeerSelector>(
            []() -> std::unique_ptr<policies::PeerSelector> { throw std::runtime_error("no"); }));
    Pair const pair([&](PeerOptions& options) {
        options.own_policies.selection = {"missing", make};
    });
    CHECK_FALSE(pair.fetch());
    CHECK(pair.sink->policy(patience).value().faults > 0);
}

TEST_CASE("If the program wants no mending its own policy's fault ends the download") {
    Pair const pair([](PeerOptions& options) {
        options.strict_policy = true;
        options.own_policies.selection = {"bad", [] { return std::make_unique<Throws>(); }};
    });
    auto const error = pair.fetch();
    REQUIRE(error);
    CHECK(error->code == Errc::plugin);
    CHECK_THAT(error->message, ContainsSubstring("not today"));
}

TEST_CASE("A name that a policy cannot have is refused when the peer starts") {
    PeerOptions options;
    options.own_policies.integrity = {"../sum", [] { return std::make_unique<Sum>(); }};
    auto const started = Peer::start(std::move(options));
    REQUIRE_FALSE(started);
    CHECK(started.error().code == Errc::usage);
    CHECK_THAT(started.error().message, ContainsSubstring("'../sum'"));
}

TEST_CASE("What a program hashes in its own way is fetched by those that have it too") {
    Pair const pair(use_sum, use_sum);
    CHECK(pair.source->status(patience).value().integrity == "sum");
    CHECK_FALSE(pair.fetch());
}

TEST_CASE("What is hashed in a way that a peer does not have is not fetched") {
    Pair const pair([](PeerOptions&) {}, use_sum);
    auto const error = pair.fetch();
    REQUIRE(error);
    CHECK(error->code == Errc::plugin);
    CHECK_THAT(error->message, ContainsSubstring("'sum'"));
}
