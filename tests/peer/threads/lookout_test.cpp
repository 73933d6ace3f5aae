#include "threads/lookout.hpp"

#include "catch.hpp"

#include <chrono>
#include <future>
#include <vector>

#include <sys/eventfd.h>

using namespace xfsbus;
using namespace std::chrono_literals;
using peer::threads::Lookout;

namespace {

using Clock = std::chrono::steady_clock;

/// What a wait has found.
struct Found {
    std::promise<std::vector<pollfd>> promise;
    std::future<std::vector<pollfd>> future = promise.get_future();

    Lookout::Then then() {
        return [this](auto const& found) { promise.set_value(found); };
    }
};

}  // namespace

TEST_CASE("A lookout waits for descriptors of many, and tells each of its own") {
    Lookout lookout("look");
    files::Fd const first(::eventfd(0, EFD_NONBLOCK));
    files::Fd const second(::eventfd(0, EFD_NONBLOCK));
    Found of_first;
    Found of_second;
    lookout.wait({{{-1, POLLIN, 0}, {first.get(), POLLIN, 0}}, {}}, of_first.then());
    auto const ticket = lookout.wait({{{second.get(), POLLIN, 0}}, {}}, of_second.then());
    ::eventfd_write(first.get(), 1);
    auto const found = of_first.future.get();
    REQUIRE(found.size() == 2);
    CHECK(found[0].revents == 0);
    CHECK(found[1].revents == POLLIN);
    CHECK(of_second.future.wait_for(0s) == std::future_status::timeout);
    CHECK(lookout.cancel(ticket));
    CHECK_FALSE(lookout.cancel(ticket));
}

TEST_CASE("A lookout's wait ends at its time, and not before") {
    Lookout lookout("look");
    Found later;
    Found sooner;
    auto const begin = Clock::now();
    lookout.wait({{}, begin + 30ms}, later.then());
    lookout.wait({{}, begin + 10ms}, sooner.then());
    sooner.future.wait();
    CHECK(Clock::now() >= begin + 10ms);
    later.future.wait();
    CHECK(Clock::now() >= begin + 30ms);
}

TEST_CASE("A lookout's wait can be made shorter, with what there is at its descriptors") {
    Lookout lookout("look");
    files::Fd const quiet(::eventfd(0, EFD_NONBLOCK));
    Found found;
    auto const ticket = lookout.wait({{{quiet.get(), POLLIN, 0}}, {}}, found.then());
    lookout.hasten(ticket);
    auto const there = found.future.get();
    REQUIRE(there.size() == 1);
    CHECK(there[0].revents == 0);
    lookout.hasten(ticket);  // it is over: nothing happens
    CHECK_FALSE(lookout.cancel(ticket));
}

TEST_CASE("What a lookout calls may wait again") {
    Lookout lookout("look");
    Found found;
    lookout.wait({{}, Lookout::Time::min()}, [&](auto const&) {
        lookout.wait({{}, Lookout::Time::min()}, found.then());
    });
    CHECK(found.future.wait_for(20s) == std::future_status::ready);
}
