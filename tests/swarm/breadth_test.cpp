#include "catch.hpp"

#include <xfsbus/swarm/breadth.hpp>

#include <chrono>
#include <functional>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

/// Chunks of 100 kB that leave at a rate which depends on how many sinks are served at once.
class Link {
  public:
    using Rate = std::function<double(std::size_t sinks)>;  // bytes per second

    explicit Link(Rate rate) : rate_(std::move(rate)) {}

    Breadth breadth{4};
    wire::Time now{1000s};
    std::size_t most = 0;   ///< sinks at once
    bool more_wait = true;  ///< than are served

    void run(wire::Duration duration) {
        constexpr std::uint64_t bytes = 100'000;
        auto const end = now + duration;
        while (now < end) {
            auto const sinks = breadth.sinks();
            most = std::max(most, sinks);
            auto const each = std::chrono::duration_cast<wire::Duration>(
                std::chrono::duration<double>(bytes / rate_(sinks)));
            now += each;
            if (more_wait) {
                breadth.on_refused();
            }
            breadth.on_left(now, bytes, each * static_cast<int>(sinks));
        }
    }

  private:
    Rate rate_;
};

/// Each sink takes 1 MB/s, and the link so much.
Link::Rate sinks_behind(double link) {
    return [link](std::size_t sinks) { return std::min(1e6 * static_cast<double>(sinks), link); };
}

}  // namespace

TEST_CASE("where sinks are slower than the link more and more are served at once") {
    Link link(sinks_behind(100e6));
    link.run(30s);
    CHECK(link.breadth.sinks() >= 64);
}

TEST_CASE("where the link is full as few are served at once as before") {
    Link link(sinks_behind(4e6));
    link.run(60s);
    CHECK(link.most == 8);  // tried
    CHECK(link.breadth.sinks() == 4);
}

TEST_CASE("after it was tried in vain to serve more that is not tried again for ten seconds") {
    Link link(sinks_behind(4e6));
    link.run(5s);
    REQUIRE(link.most == 8);
    REQUIRE(link.breadth.sinks() == 4);
    link.most = 0;
    link.run(6s);
    CHECK(link.most == 4);
    link.run(5s);
    CHECK(link.most == 8);
}

TEST_CASE("more are not served at once than it takes to fill the link, or twice as many") {
    Link link(sinks_behind(12e6));
    link.run(60s);
    CHECK(link.breadth.sinks() == 16);
    CHECK(link.most == 32);  // tried
}

TEST_CASE("a rate that grows by itself is no reason to serve more at once") {
    double rate = 1e6;
    Link link([&rate](std::size_t) { return rate += 30'000; });
    link.run(9s);
    CHECK(rate > 4e6);
    CHECK(link.most == 8);
    CHECK(link.breadth.sinks() == 4);
}

TEST_CASE("nothing is tried while nobody waits") {
    Link link(sinks_behind(100e6));
    link.more_wait = false;
    link.run(60s);
    CHECK(link.most == 4);
}

TEST_CASE("the time in which nothing was under way does not count") {
    Link link(sinks_behind(100e6));
    link.run(1100ms);
    auto const tried = link.breadth.sinks();
    REQUIRE(tried == 8);
    link.now += 1h;
    link.run(12s);
    CHECK(link.breadth.sinks() > tried);
}
