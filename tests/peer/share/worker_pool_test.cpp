#include "worker_pool.hpp"

#include "catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <vector>

using xfsbus::peer::WorkerPool;

TEST_CASE("A pool runs jobs in the order of their submission") {
    std::vector<int> order;
    std::promise<void> all;
    WorkerPool pool(1, "one");
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
    WorkerPool pool(2, "a name longer than the kernel keeps");
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
        WorkerPool pool(1, "ending");
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
