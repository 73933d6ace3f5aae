#include "catch.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor_thread.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>

using namespace xfsbus;
using namespace xfsbus::bus;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

std::string text_of(std::exception_ptr const& fault) {
    try {
        if (fault) {
            std::rethrow_exception(fault);
        }
        return "";
    } catch (std::exception const& error) {
        return error.what();
    }
}

/// A reactor of a thread, and how it ended.
struct Member {
    explicit Member(ReactorThread& thread) : reactor(thread) {}

    void run(ReactorThread& thread) {
        thread.run(reactor, [this](auto const& fault) { left.set_value(text_of(fault)); });
    }

    /// Waits until it has left: "" or what was thrown.
    std::string end() { return left.get_future().get(); }

    /// Waits until its thread has done what was posted before.
    bool answers() {
        auto const answer = std::make_shared<std::promise<void>>();
        reactor.post([answer] { answer->set_value(); });
        return answer->get_future().wait_for(patience) == std::future_status::ready;
    }

    Reactor reactor;
    std::promise<std::string> left;
};

std::vector<pid_t> threads_of_this_process() {
    std::vector<pid_t> threads;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        threads.push_back(std::stoi(entry.path().filename().string()));
    }
    return threads;
}

}  // namespace

TEST_CASE("Reactors of one thread run on it, and each ends alone") {
    ReactorThread thread;
    Member one(thread);
    Member two(thread);
    std::promise<std::thread::id> ids[2];
    one.reactor.post([&] { ids[0].set_value(std::this_thread::get_id()); });  // before it runs
    one.run(thread);
    two.run(thread);
    two.reactor.post([&] { ids[1].set_value(std::this_thread::get_id()); });
    CHECK(ids[0].get_future().get() == ids[1].get_future().get());
    one.reactor.stop();
    CHECK(one.end().empty());
    CHECK(two.answers());
    two.reactor.stop();
    CHECK(two.end().empty());
}

TEST_CASE("What is thrown on one reactor of a thread ends that one") {
    ReactorThread thread;
    Member faulty(thread);
    Member other(thread);
    faulty.run(thread);
    other.run(thread);
    auto const kind = GENERATE(0, 1);
    if (kind == 0) {
        faulty.reactor.post([] { throw std::runtime_error("no memory"); });
    } else {
        faulty.reactor.post([&] {
            faulty.reactor.at(faulty.reactor.now(), [] { throw std::runtime_error("no memory"); });
        });
    }
    CHECK(faulty.end() == "no memory");
    CHECK(other.answers());
    faulty.reactor.post([] { FAIL("it runs no more"); });
    CHECK(other.answers());
    other.reactor.stop();
    other.end();
}

TEST_CASE("A task of one reactor that posts to another does not wait for anything") {
    ReactorThread thread;
    Member first(thread);
    Member second(thread);
    first.run(thread);
    second.run(thread);
    REQUIRE(second.answers());
    auto const begin = std::chrono::steady_clock::now();
    constexpr int rounds = 50;
    std::promise<void> done;
    std::function<void(int)> pass = [&](int left) {
        if (left == 0) {
            return done.set_value();
        }
        (left % 2 == 0 ? first : second).reactor.post([&, left] { pass(left - 1); });
    };
    pass(rounds);
    done.get_future().wait();
    // Each would take a second if it were seen only when the wait is over by itself.
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    first.reactor.stop();
    second.reactor.stop();
    first.end();
    second.end();
}

TEST_CASE("A poster may outlive its reactor, and then drops what it is given") {
    ReactorThread thread;
    auto member = std::make_unique<Member>(thread);
    auto const post = member->reactor.poster();
    member->run(thread);
    std::promise<void> ran;
    post([&] { ran.set_value(); });
    ran.get_future().wait();
    member->reactor.stop();
    member->end();
    member.reset();
    std::atomic<bool> dropped = false;
    post([held = std::shared_ptr<void>(nullptr, [&](void*) { dropped = true; })] {
        FAIL("there is no reactor");
    });
    CHECK(dropped);
}

TEST_CASE("Sockets of two reactors of a thread talk, and their ends are told") {
    ReactorThread thread;
    Member serves(thread);
    Member asks(thread);
    std::promise<void> heard;
    std::promise<void> closed;
    auto server =
        ControlServer::bind(serves.reactor, {"127.0.0.1", 0}, Security::none(),
                            {.on_message = [&](auto const&, auto&&) { heard.set_value(); },
                             .on_garbage = [](auto const&, auto const&) {},
                             .on_closed = [&](auto const&) { closed.set_value(); }})
            .value();
    serves.run(thread);
    auto client =
        ControlClient::connect(asks.reactor, server->endpoint(), Security::none(),
                               {.on_message = [](auto&&) {}, .on_garbage = [](auto const&) {}})
            .value();
    asks.run(thread);
    asks.reactor.post([&] { client->send(wire::Ping{}, 1); });
    CHECK(heard.get_future().wait_for(patience) == std::future_status::ready);
    asks.reactor.stop();
    asks.end();
    client.reset();  // on this thread, now that no other has it
    CHECK(closed.get_future().wait_for(patience) == std::future_status::ready);
    serves.reactor.stop();
    serves.end();
    server.reset();
}

TEST_CASE("All threads of a reactor's are scheduled as those that compute, and no other is") {
    auto const before = threads_of_this_process();
    ReactorThread thread;
    Member member(thread);
    member.run(thread);
    REQUIRE(member.answers());
    int of_ours = 0;
    for (auto const id : threads_of_this_process()) {
        bool const ours = std::ranges::find(before, id) == before.end();
        CAPTURE(id, ours);
        CHECK(sched_getscheduler(id) == (ours ? SCHED_BATCH : SCHED_OTHER));
        of_ours += ours ? 1 : 0;
    }
    CHECK(of_ours >= 3);  // the reactor's, and two of libzmq's
    member.reactor.stop();
    CHECK(member.end().empty());
}
