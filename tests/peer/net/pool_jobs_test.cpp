#include "net/pool_jobs.hpp"

#include "catch.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <vector>

using namespace xfsbus;
using xfsbus::peer::net::PoolJobs;
using xfsbus::peer::threads::WorkerPool;

namespace {

/// PoolJobs for one thread, which does nothing until it is let go, so that what waits for it can be
/// counted.
struct Held {
    Held() {
        pool.submit([this] {
            begun.set_value();
            go.get_future().wait();
        });
        begun.get_future().wait();
    }

    void submit(std::uint64_t bytes, int number) {
        jobs.submit(bytes, [this, number] {
            done.push_back(number);
            return [this, number] { told.push_back(number); };
        });
    }

    /// In a turn of the reactor; then lets the thread go, until so many results were told.
    void run(std::size_t results, bus::Reactor::Task const& turn) {
        reactor.post([this, results, turn] {
            turn();
            reactor.post([this, results] {
                at_end_of_turn = pool.queued();
                go.set_value();
                stop_after(results);
            });
        });
        reactor.run();
    }

    void stop_after(std::size_t results) {
        told.size() == results ? reactor.stop()
                               : reactor.post([this, results] { stop_after(results); });
    }

    bus::Reactor reactor;
    std::promise<void> begun;
    std::promise<void> go;
    std::vector<int> done;  ///< by the thread
    std::vector<int> told;
    std::size_t at_end_of_turn = 0;  ///< waiting for the thread
    WorkerPool pool{1, "held", [](std::exception_ptr const&) {}};
    PoolJobs jobs{reactor, pool};
};

constexpr auto large = PoolJobs::small_bytes + 1;

}  // namespace

TEST_CASE("Small jobs of a turn go to the pool together, and so do their results come back") {
    Held held;
    held.run(3, [&] {
        held.submit(1, 1);
        held.submit(PoolJobs::small_bytes, 2);
        held.submit(0, 3);
        CHECK(held.pool.queued() == 0);
    });
    CHECK(held.at_end_of_turn == 1);
    CHECK(held.done == std::vector{1, 2, 3});
    CHECK(held.told == std::vector{1, 2, 3});
}

TEST_CASE("A large job goes to the pool at once and alone, behind the small ones before it") {
    Held held;
    held.run(4, [&] {
        held.submit(1, 1);
        held.submit(1, 2);
        held.submit(large, 3);
        CHECK(held.pool.queued() == 2);
        held.submit(1, 4);
        CHECK(held.pool.queued() == 2);
    });
    CHECK(held.at_end_of_turn == 3);
    CHECK(held.told == std::vector{1, 2, 3, 4});
}

TEST_CASE("No more than so many small jobs go to the pool together") {
    Held held;
    held.run(PoolJobs::together_most + 1, [&] {
        for (std::size_t i = 0; i <= PoolJobs::together_most; ++i) {
            held.submit(1, static_cast<int>(i));
        }
        CHECK(held.pool.queued() == 1);
    });
    CHECK(held.at_end_of_turn == 2);
}

TEST_CASE("PoolJobs that nobody waits for any more are not begun") {
    Held held;
    auto jobs = std::make_unique<PoolJobs>(held.reactor, held.pool);
    bool begun = false;
    held.run(0, [&] {
        jobs->submit(1, [&begun]() -> bus::Reactor::Task {
            begun = true;
            return [] {};
        });
        jobs.reset();
    });
    CHECK(held.at_end_of_turn == 0);
    CHECK_FALSE(begun);
}
