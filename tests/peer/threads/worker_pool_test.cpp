#include "threads/worker_pool.hpp"

#include "catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

using xfsbus::peer::threads::WorkerPool;

namespace {

void no_fault(std::exception_ptr const&) {}

}  // namespace

TEST_CASE("What a job throws is told, and the next job is done") {
    std::promise<std::string> fault;
    std::promise<void> next;
    WorkerPool pool(1, "faulty", [&](std::exception_ptr const& thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (std::exception const& error) {
            fault.set_value(error.what());
        }
    });
    pool.submit([] { throw std::runtime_error("no memory"); });
    pool.submit([&] { next.set_value(); });
    CHECK(fault.get_future().get() == "no memory");
    next.get_future().wait();
}

TEST_CASE("A pool runs jobs in the order of their submission") {
    std::vector<int> order;
    std::promise<void> all;
    WorkerPool pool(1, "one", no_fault);
    for (int i = 0; i < 100; ++i) {
        pool.submit([&, i] {
            order.push_back(i);
            if (i == 99) {
                all.set_value();
            }
        });
    }
    all.get_future().wait();
    CHECK(order.size() == 100);
    CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("A pool's threads work at the same time, and its jobs may submit others") {
    std::promise<void> one;
    std::promise<void> two;
    std::promise<void> third;
    WorkerPool pool(2, "a name longer than the kernel keeps", no_fault);
    pool.submit([&] {
        one.set_value();
        two.get_future().wait();
        pool.submit([&] { third.set_value(); });
    });
    pool.submit([&] {
        one.get_future().wait();
        two.set_value();
    });
    third.get_future().wait();
    CHECK(pool.queued() == 0);
}

TEST_CASE("A pool that ends finishes what runs and drops what waits") {
    constexpr int jobs = 1000;
    std::promise<void> started;
    std::atomic<bool> finished = false;
    std::atomic<int> others = 0;
    {
        std::promise<void> submitted;
        WorkerPool pool(1, "ending", no_fault);
        pool.submit([&] {
            started.set_value();
            submitted.get_future().wait();
            finished = true;
        });
        started.get_future().wait();
        for (int i = 0; i < jobs; ++i) {
            pool.submit([&] {
                auto const end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
                while (std::chrono::steady_clock::now() < end) {
                }
                ++others;
            });
        }
        CHECK(pool.queued() == jobs);
        submitted.set_value();
    }
    CHECK(finished);
    CHECK(others < jobs);
}
