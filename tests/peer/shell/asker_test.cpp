#include "shell/asker.hpp"

#include "catch.hpp"

using namespace xfsbus;
using namespace xfsbus::peer;
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
