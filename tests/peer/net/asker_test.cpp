#include "net/asker.hpp"

#include "../jobs/virtual_time.hpp"
#include "catch.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <optional>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::net;
using namespace std::chrono_literals;

TEST_CASE("Only so many questions are open at a time, and an answer makes room for another") {
    bus::Reactor reactor;
    std::size_t sent = 0;
    std::size_t failed = 0;
    Asker asker(
        reactor, [&](auto const&, auto) { return ++sent > 0; }, "the other side", Errc::timeout);
    auto const ask = [&] {
        asker.ask(wire::Ping{}, 1h, [&](auto const& answer) { failed += answer ? 0 : 1; });
    };
    for (std::size_t i = 0; i < Asker::open_most; ++i) {
        ask();
    }
    CHECK(failed == 0);
    ask();
    CHECK(failed == 1);
    CHECK(sent == Asker::open_most);
    CHECK(asker.on_answer(1, wire::Pong{}));
    ask();
    CHECK(failed == 1);
    asker.abandon();
    CHECK(failed == 1 + Asker::open_most);
}

TEST_CASE("A question is asked again, at growing pauses, while the other side is busy") {
    bus::Reactor reactor;
    std::vector<wire::Time> asked;
    std::optional<Result<wire::Message>> answer;
    Asker* self = nullptr;
    wire::Failure const busy{wire::ErrorCode::busy, "too many finds", 0};
    Asker asker(
        reactor,
        [&](auto const&, auto request) {
            asked.push_back(reactor.now());
            // Answers never come before the question is sent.
            reactor.post([&, request] {
                self->on_answer(request, asked.size() < 3 ? wire::Message(busy) : wire::Pong{});
            });
            return true;
        },
        "the other side", Errc::timeout);
    self = &asker;
    reactor.post([&] {
        asker.ask(wire::Ping{}, 20s, [&](Result<wire::Message> got) {
            answer = std::move(got);
            reactor.stop();
        });
    });
    reactor.run();
    REQUIRE(answer);
    CHECK(answer->ok());
    REQUIRE(asked.size() == 3);
    CHECK(asked[1] - asked[0] >= 100ms);
    CHECK(asked[2] - asked[1] >= 200ms);
}

TEST_CASE("However long the other side is busy, it is asked every 0.8 s, once for each question") {
    jobs::test::VirtualTime time;
    std::vector<wire::Time> asked;
    std::optional<Result<wire::Message>> answer;
    Asker* self = nullptr;
    Asker asker(
        time,
        [&](auto const&, auto request) {
            asked.push_back(time.now());
            time.post([&, request] {
                for (int i = 0; i < 2; ++i) {  // what was asked again may be answered twice
                    self->on_answer(request, wire::Failure{wire::ErrorCode::busy, "full", 0});
                }
            });
            return true;
        },
        "the other side", Errc::timeout);
    self = &asker;
    asker.ask(wire::Ping{}, 4s, [&](Result<wire::Message> got) { answer = std::move(got); });
    time.pass(10s);
    std::vector<wire::Duration> pauses;
    for (std::size_t i = 1; i < asked.size(); ++i) {
        pauses.push_back(asked[i] - asked[i - 1]);
    }
    CHECK(pauses == std::vector<wire::Duration>{100ms, 200ms, 400ms, 800ms, 800ms, 800ms, 800ms});
    REQUIRE(answer);
    CHECK_FALSE(answer->ok());
}

TEST_CASE("Who is asked and stays busy is named with its reason") {
    bus::Reactor reactor;
    std::optional<Result<wire::Message>> answer;
    Asker* self = nullptr;
    Asker asker(
        reactor,
        [&](auto const&, auto request) {
            reactor.post([&, request] {
                self->on_answer(request, wire::Failure{wire::ErrorCode::busy, "too many finds", 0});
            });
            return true;
        },
        "the other side", Errc::timeout);
    self = &asker;
    reactor.post([&] {
        asker.ask(wire::Ping{}, 50ms, [&](Result<wire::Message> got) {
            answer = std::move(got);
            reactor.stop();
        });
    });
    reactor.run();
    REQUIRE(answer);
    REQUIRE_FALSE(answer->ok());
    CHECK(answer->error().code == Errc::timeout);
    CHECK(answer->error().message.find("too many finds") != std::string::npos);
}

TEST_CASE("On a new connection all that is open is asked again") {
    bus::Reactor reactor;
    std::vector<std::uint64_t> sent;
    std::optional<Result<wire::Message>> answer;
    Asker asker(
        reactor,
        [&](auto const&, auto request) {
            sent.push_back(request);
            return true;
        },
        "the other side", Errc::timeout);
    asker.ask(wire::Ping{}, 1h, [&](Result<wire::Message> got) { answer = std::move(got); });
    asker.ask_all_again();
    CHECK(sent == std::vector<std::uint64_t>{1, 1});
    CHECK(asker.on_answer(1, wire::Pong{}));
    CHECK_FALSE(asker.on_answer(1, wire::Pong{}));  // the first may have come, too
    asker.ask_all_again();
    CHECK(sent.size() == 2);
    CHECK(answer->ok());
}
