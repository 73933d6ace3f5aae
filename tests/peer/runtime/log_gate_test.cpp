#include "runtime/log_gate.hpp"

#include "catch.hpp"
#include "runtime/callback.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer::runtime;
using namespace std::chrono_literals;

namespace {

LogEvent line(std::string text, LogLevel level = LogLevel::info) {
    return {level, "said", std::move(text)};
}

using Lines = std::vector<std::string>;

constexpr auto gate_patience = 20s;

}  // namespace

TEST_CASE("A log is told what is as important as was asked for, and no less") {
    Lines told;
    LogGate gate([&](LogEvent const& event) { told.push_back(event.text); }, LogLevel::warning);
    gate.tell(line("a", LogLevel::info));
    gate.tell(line("b", LogLevel::warning));
    gate.tell(line("c", LogLevel::error));
    CHECK(told == Lines{"b", "c"});
    LogGate off([&](LogEvent const& event) { told.push_back(event.text); }, LogLevel::off);
    off.tell(line("d", LogLevel::error));
    CHECK(told.size() == 2);
    LogGate nobody({}, LogLevel::debug);
    nobody.tell(line("e"));
}

TEST_CASE("What a log has told of is told when it has returned, and not within it") {
    Lines told;
    int depth = 0;
    LogGate* gate = nullptr;
    LogGate sut(
        [&](LogEvent const& event) {
            CHECK(++depth == 1);
            CHECK(Callback::runs_here());
            told.push_back(event.text);
            if (event.text == "outer") {
                gate->tell(line("inner 1"));
                gate->tell(line("inner 2"));
            }
            --depth;
        },
        LogLevel::debug);
    gate = &sut;
    sut.tell(line("outer"));
    CHECK(told == Lines{"outer", "inner 1", "inner 2"});
}

TEST_CASE("A log that has something told each time it is called comes to an end") {
    std::size_t times = 0;
    LogGate* gate = nullptr;
    LogGate sut(
        [&](LogEvent const&) {
            ++times;
            gate->tell(line("again"));
        },
        LogLevel::debug);
    gate = &sut;
    sut.tell(line("first"));
    CHECK(times == 1 + LogGate::within_most);
    sut.tell(line("second"));
    CHECK(times == 2 * (1 + LogGate::within_most));
}

TEST_CASE("What a log throws keeps nobody from being told") {
    Lines told;
    LogGate gate(
        [&](LogEvent const& event) {
            told.push_back(event.text);
            throw std::runtime_error("no room");
        },
        LogLevel::debug);
    gate.tell(line("a"));
    gate.tell(line("b"));
    CHECK(told == Lines{"a", "b"});
}

TEST_CASE("Several threads tell one at a time") {
    constexpr int threads = 4;
    constexpr int each = 500;
    std::atomic<int> within = 0;
    int times = 0;  // guarded by the gate
    LogGate gate(
        [&](LogEvent const&) {
            CHECK(++within == 1);
            ++times;
            --within;
        },
        LogLevel::debug);
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                for (int k = 0; k < each; ++k) {
                    gate.tell(line("x"));
                }
            });
        }
    }
    CHECK(times == threads * each);
}

TEST_CASE("The end of a log waits for the call that is under way, and after it there is none") {
    std::promise<void> begun;
    std::promise<void> go_on;
    std::atomic<bool> returned = false;
    std::atomic<int> times = 0;
    LogGate gate(
        [&, wait = go_on.get_future().share()](LogEvent const&) {
            ++times;
            begun.set_value();
            wait.wait();
            returned = true;
        },
        LogLevel::debug);
    std::jthread const first([&] { gate.tell(line("first")); });
    REQUIRE(begun.get_future().wait_for(gate_patience) == std::future_status::ready);
    auto second = std::async(std::launch::async, [&] { gate.tell(line("second")); });
    auto closed = std::async(std::launch::async, [&] {
        gate.close();
        return returned.load();
    });
    // Whoever waits for a turn goes without it, also while the first call is still under way.
    REQUIRE(second.wait_for(gate_patience) == std::future_status::ready);
    CHECK(closed.wait_for(0s) == std::future_status::timeout);
    go_on.set_value();
    REQUIRE(closed.wait_for(gate_patience) == std::future_status::ready);
    CHECK(closed.get());
    gate.tell(line("third"));
    CHECK(times == 1);
}

TEST_CASE("A log may be ended within itself") {
    Lines told;
    LogGate* gate = nullptr;
    LogGate sut(
        [&](LogEvent const& event) {
            told.push_back(event.text);
            gate->tell(line("inner"));
            gate->close();
        },
        LogLevel::debug);
    gate = &sut;
    sut.tell(line("outer"));
    sut.tell(line("later"));
    CHECK(told == Lines{"outer"});
}

TEST_CASE("A log is let go of when it is ended, or when the call has ended that ends it") {
    auto const lent = std::make_shared<int>();
    LogGate* gate = nullptr;
    bool const within = GENERATE(false, true);
    LogGate sut(
        [&gate, within, lent](LogEvent const&) {
            if (within) {
                gate->close();
            }
        },
        LogLevel::debug);
    gate = &sut;
    sut.tell(line("one"));
    CHECK((lent.use_count() == 1) == within);
    sut.close();
    CHECK(lent.use_count() == 1);
}
