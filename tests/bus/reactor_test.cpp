#include "catch.hpp"
#include "loop.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

using namespace xfsbus::bus;
using namespace std::chrono_literals;

namespace {

/// A file descriptor that can be read when signalled.
class Event {
  public:
    Event() : fd_(::eventfd(0, EFD_NONBLOCK)) { REQUIRE(fd_ >= 0); }

    ~Event() { ::close(fd_); }

    Event(Event const&) = delete;
    Event& operator=(Event const&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    void signal() const {
        std::uint64_t const one = 1;
        REQUIRE(::write(fd_, &one, sizeof one) == sizeof one);
    }

    void clear() const {
        std::uint64_t count = 0;
        REQUIRE(::read(fd_, &count, sizeof count) == sizeof count);
    }

  private:
    int fd_;
};

}  // namespace

TEST_CASE("timers run in the order of their times and not of their making") {
    Reactor reactor;
    std::vector<int> order;
    auto const start = reactor.now();
    reactor.at(start + 15ms, [&] { order.push_back(3); });
    reactor.at(start + 5ms, [&] { order.push_back(1); });
    reactor.at(start + 10ms, [&] { order.push_back(2); });
    reactor.at(start + 20ms, [&] { reactor.stop(); });
    reactor.run();
    CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("timers of one time run in the order of their making") {
    Reactor reactor;
    std::vector<int> order;
    auto const time = reactor.now() + 2ms;
    for (int i = 0; i < 5; ++i) {
        reactor.at(time, [&, i] { order.push_back(i); });
    }
    reactor.at(time, [&] { reactor.stop(); });
    reactor.run();
    CHECK(order == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("a timer never runs before its time") {
    Reactor reactor;
    auto const time = reactor.now() + 7ms;
    xfsbus::wire::Time ran;
    reactor.at(time, [&] {
        ran = reactor.now();
        reactor.stop();
    });
    reactor.run();
    CHECK(ran >= time);
}

TEST_CASE("a cancelled timer does not run, whoever cancels it") {
    Reactor reactor;
    bool ran = false;
    auto const start = reactor.now();
    auto const before = reactor.at(start, [&] { ran = true; });
    reactor.cancel(before);
    auto const later = reactor.at(start + 2ms, [&] { ran = true; });
    // Due in the same turn as the other: still in time to cancel it.
    reactor.at(start + 1ms, [&] { reactor.cancel(later); });
    reactor.at(start + 5ms, [&] { reactor.stop(); });
    reactor.run();
    CHECK_FALSE(ran);
}

TEST_CASE("cancelling a timer that ran, or runs, does nothing") {
    Reactor reactor;
    Reactor::TimerId first{};
    first = reactor.at(reactor.now(), [&] { reactor.cancel(first); });
    reactor.at(reactor.now() + 1ms, [&] {
        reactor.cancel(first);
        reactor.stop();
    });
    reactor.run();
    SUCCEED("it came back");
}

TEST_CASE("a timer that sets itself anew for now leaves others their turn") {
    Reactor reactor;
    int runs = 0;
    std::function<void()> const again = [&] {
        ++runs;
        if (runs == 100'000) {
            reactor.stop();  // only so that the test ends if posted work never gets its turn
            return;
        }
        reactor.at(reactor.now(), again);
    };
    reactor.at(reactor.now(), again);
    reactor.at(reactor.now(), [&] { reactor.post([&] { reactor.stop(); }); });
    reactor.run();
    CHECK(runs < 10);
}

TEST_CASE("now stays the same all through one turn") {
    Reactor reactor;
    std::vector<xfsbus::wire::Time> times;
    for (int i = 0; i < 3; ++i) {
        reactor.post([&] { times.push_back(reactor.now()); });
    }
    reactor.stop();
    reactor.run();
    REQUIRE(times.size() == 3);
    CHECK(times[0] == times[2]);
}

TEST_CASE("tasks posted by other threads all run, each thread's in its order") {
    constexpr int each = 2'000;
    Reactor reactor;
    std::vector<std::vector<int>> seen(4);
    std::vector<std::thread> threads;
    int left = 4;
    for (std::size_t t = 0; t < seen.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                reactor.post([&seen, t, i] { seen[t].push_back(i); });
            }
            reactor.post([&] {
                if (--left == 0) {
                    reactor.stop();
                }
            });
        });
    }
    reactor.run();
    for (auto& thread : threads) {
        thread.join();
    }
    for (auto const& list : seen) {
        REQUIRE(list.size() == each);
        CHECK(std::is_sorted(list.begin(), list.end()));
    }
}

TEST_CASE("a task posted by a task runs in a later turn") {
    Reactor reactor;
    std::vector<int> order;
    reactor.post([&] {
        reactor.post([&] {
            order.push_back(2);
            reactor.stop();
        });
        order.push_back(1);
    });
    reactor.run();
    CHECK(order == std::vector{1, 2});
}

TEST_CASE("a task from another thread wakes a reactor that waits") {
    Reactor reactor;
    std::thread thread([&] { reactor.stop(); });
    reactor.run();
    thread.join();
    SUCCEED("it came back");
}

TEST_CASE("what was posted before stop is done, and the reactor can run again") {
    Reactor reactor;
    int done = 0;
    reactor.post([&] { ++done; });
    reactor.stop();
    reactor.run();
    CHECK(done == 1);
    reactor.post([&] { ++done; });
    reactor.stop();
    reactor.run();
    CHECK(done == 2);
}

TEST_CASE("a watched file descriptor is told of until it is unwatched") {
    Loop loop;
    Event event;
    int calls = 0;
    loop.reactor().watch_fd(event.fd(), [&] {
        event.clear();
        ++calls;
    });
    event.signal();
    loop.until([&] { return calls == 1; });
    event.signal();
    loop.until([&] { return calls == 2; });
    loop.reactor().unwatch_fd(event.fd());
    event.signal();
    CHECK(loop.stays_quiet([&] { return calls > 2; }, 10ms));
    loop.reactor().unwatch_fd(event.fd());
}

TEST_CASE("a watcher may unwatch itself and others while it runs") {
    Loop loop;
    Event first;
    Event second;
    int calls = 0;
    auto const unwatch_both = [&loop, &first, &second, &calls] {
        loop.reactor().unwatch_fd(first.fd());
        loop.reactor().unwatch_fd(second.fd());
        ++calls;
    };
    loop.reactor().watch_fd(first.fd(), unwatch_both);
    loop.reactor().watch_fd(second.fd(), unwatch_both);
    first.signal();
    second.signal();
    loop.until([&] { return calls > 0; });
    CHECK(loop.stays_quiet([&] { return calls > 1; }, 10ms));
}

TEST_CASE("the limit of open files is raised and the version of libzmq known") {
    CHECK(raise_file_limit() >= 256);
    CHECK(zmq_version().find('.') != std::string::npos);
}
