// Whoever reads a file while it comes, as a player does: at one rate, each block when it is due.
#include "downloader.hpp"
#include "jobs/stream.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

constexpr double mb = 1e6;

wire::Duration time_of(std::uint64_t bytes, double bytes_per_second) {
    return std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>(static_cast<double>(bytes) / bytes_per_second));
}

/// Reads as a Reader does, which asks on only behind what the last answer was about: as fast as it
/// can until it has what it keeps before it plays, 0.4 s at 10 MB/s, and then each block when that
/// is played.
class Player {
  public:
    static constexpr std::uint64_t block = 256ULL * 1024;
    static constexpr std::uint64_t kept_before_play = 4ULL * 1024 * 1024;

    Player(VirtualTime& time, std::shared_ptr<Stream> stream, std::uint64_t size, double rate)
        : time_(time), stream_(std::move(stream)), size_(size), rate_(rate) {}

    void read() {
        if (position_ < known_to_) {
            return on_block();
        }
        stream_->when_here(position_, alive_, [this](Result<Stream::Here> const& here) {
            REQUIRE(here);
            known_to_ = here->end;
            on_block();
        });
    }

    [[nodiscard]] bool over() const { return position_ >= size_; }

    /// The longest that a block came behind the moment at which it was due, since it plays.
    [[nodiscard]] wire::Duration longest_wait() const { return longest_wait_; }

    [[nodiscard]] wire::Duration plays_after() const { return *plays_since_ - begun_; }

  private:
    [[nodiscard]] wire::Time due() const { return *plays_since_ + time_of(position_, rate_); }

    void on_block() {
        if (plays_since_) {
            longest_wait_ = std::max<wire::Duration>(longest_wait_, time_.now() - due());
        }
        position_ = std::min(position_ + block, size_);
        if (!plays_since_ && position_ >= kept_before_play) {
            plays_since_ = time_.now();
        }
        if (!over()) {
            time_.at(plays_since_ ? due() : time_.now(), [this] { read(); });
        }
    }

    VirtualTime& time_;
    std::shared_ptr<Stream> stream_;
    std::uint64_t size_;
    double rate_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
    wire::Time begun_ = time_.now();
    std::uint64_t position_ = 0;
    std::uint64_t known_to_ = 0;  ///< it is here from the position on
    std::optional<wire::Time> plays_since_;
    wire::Duration longest_wait_{};
};

/// How long a player of 10 MB/s waits, with sources of these rates, in MB/s.
wire::Duration longest_wait(std::vector<double> const& rates) {
    constexpr std::uint64_t size = 48ULL * 1024 * 1024;  // more than is fetched ahead
    auto const film = sample(size);
    Downloader sut;
    for (auto const rate : rates) {
        auto& source = sut.add_peer();
        source.time_of_a_chunk = time_of(chunk_bytes, rate * mb);
        sut.share(source, "film", film);
    }
    auto order = Downloader::order("film");
    order.stream = std::make_shared<Stream>();
    Player player(sut.time, order.stream, size, 10 * mb);
    auto const job = sut.start(order);
    player.read();
    REQUIRE(sut.time.pass_until([&] { return player.over(); }, 1min));
    CHECK(player.plays_after() < 1s);
    return player.longest_wait();
}

}  // namespace

TEST_CASE("Who plays a file never waits for its sources if they give more than it takes") {
    CHECK(longest_wait({4, 4, 4, 4}) == 0ns);
}

TEST_CASE("Who plays a file never waits for the slowest of its sources") {
    CHECK(longest_wait({8, 4, 3, 1}) == 0ns);
}

TEST_CASE("Who plays a file waits for sources that give less than it takes") {
    CHECK(longest_wait({4, 2}) > 1s);  // so the player can tell
}
