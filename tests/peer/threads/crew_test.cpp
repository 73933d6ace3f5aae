#include "threads/crew.hpp"

#include "catch.hpp"
#include "threads/worker_pool.hpp"

#include <atomic>
#include <exception>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <sched.h>

using xfsbus::peer::threads::Crew;
using xfsbus::peer::threads::WorkerPool;

namespace {

void ignore_fault(std::exception_ptr const&) {}

}  // namespace

TEST_CASE("Pools of a crew share its threads, and one thread does what comes one after the other") {
    Crew crew(8, "crew");
    std::set<std::thread::id> threads;
    for (int round = 0; round < 20; ++round) {
        WorkerPool pool(crew, 2, ignore_fault);
        std::promise<std::thread::id> done;
        pool.submit([&] { done.set_value(std::this_thread::get_id()); });
        threads.insert(done.get_future().get());
    }
    // A job may come before the thread of the one before it is free again.
    CHECK(threads.size() <= 2);
}

TEST_CASE("A pool whose jobs hang takes no more threads of its crew than are its own") {
    Crew crew(3, "crew");
    std::promise<void> go;
    auto const gate = go.get_future().share();
    std::atomic<int> begun = 0;
    WorkerPool hung(crew, 2, ignore_fault);
    for (int i = 0; i < 10; ++i) {
        hung.submit([&begun, gate] {
            ++begun;
            begun.notify_all();
            gate.wait();
        });
    }
    for (int n = begun; n < 2; n = begun) {
        begun.wait(n);
    }
    WorkerPool other(crew, 2, ignore_fault);
    std::promise<void> done;
    other.submit([&] { done.set_value(); });
    done.get_future().wait();
    CHECK(hung.queued() == 8);
    go.set_value();
}

TEST_CASE("Pools of a crew take turns, however many jobs one has") {
    Crew crew(1, "crew");
    std::mutex mutex;
    std::vector<char> order;
    std::promise<void> go;
    std::promise<void> all;
    WorkerPool many(crew, 1, ignore_fault);
    WorkerPool few(crew, 1, ignore_fault);
    many.submit([&] { go.get_future().wait(); });
    auto const note = [&](char who) {
        std::lock_guard const lock(mutex);
        order.push_back(who);
        if (order.size() == 12) {
            all.set_value();
        }
    };
    for (int i = 0; i < 10; ++i) {
        many.submit([&] { note('m'); });
    }
    few.submit([&] { note('f'); });
    few.submit([&] { note('f'); });
    go.set_value();
    all.get_future().wait();
    // Each of the few waits for no more than one of the many.
    CHECK(std::vector(order.begin(), order.begin() + 4) == std::vector{'f', 'm', 'f', 'm'});
}

TEST_CASE("A pool of a crew ends while another goes on") {
    Crew crew(2, "crew");
    WorkerPool stays(crew, 1, ignore_fault);
    std::promise<void> go;
    stays.submit([&] { go.get_future().wait(); });
    std::atomic<bool> finished = false;
    {
        std::promise<void> started;
        WorkerPool ends(crew, 1, ignore_fault);
        ends.submit([&] {
            started.set_value();
            finished = true;
        });
        started.get_future().wait();
    }
    CHECK(finished);
    std::promise<void> done;
    stays.submit([&] { done.set_value(); });
    go.set_value();
    done.get_future().wait();
}

TEST_CASE("A thread of a crew knows that it is one") {
    Crew crew(1, "crew");
    CHECK_FALSE(crew.runs_here());
    std::promise<bool> here;
    WorkerPool pool(crew, 1, ignore_fault);
    pool.submit([&] { here.set_value(crew.runs_here()); });
    CHECK(here.get_future().get());
}

TEST_CASE("A crew's threads are scheduled as those that compute") {
    Crew crew(1, "crew");
    WorkerPool pool(crew, 1, ignore_fault);
    std::promise<int> policy;
    pool.submit([&] { policy.set_value(sched_getscheduler(0)); });
    CHECK(policy.get_future().get() == SCHED_BATCH);
}
