#include "catch.hpp"
#include "loop.hpp"

#include <xfsbus/bus/resolver.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::bus;

namespace {

using Addresses = Result<std::vector<std::string>>;

Addresses look_up(Loop& loop, Resolver& sut, std::string const& host) {
    std::optional<Addresses> answer;
    sut.resolve(host, std::chrono::seconds(20), [&](Addresses addresses) { answer = addresses; });
    CHECK_FALSE(answer);  // never before it returns
    loop.until([&] { return answer.has_value(); });
    return *answer;
}

}  // namespace

TEST_CASE("the resolver finds the addresses of a name") {
    Loop loop;
    Resolver sut(loop.reactor());
    auto const addresses = look_up(loop, sut, "localhost");
    REQUIRE(addresses.ok());
    bool const loopback = std::ranges::any_of(
        *addresses, [](auto const& host) { return host == "127.0.0.1" || host == "::1"; });
    CHECK(loopback);
}

TEST_CASE("an address is its own answer") {
    Loop loop;
    Resolver sut(loop.reactor());
    CHECK(*look_up(loop, sut, "192.0.2.7") == std::vector<std::string>{"192.0.2.7"});
    CHECK(*look_up(loop, sut, "2001:db8::1") == std::vector<std::string>{"2001:db8::1"});
}

TEST_CASE("a name that nobody has is an error that names it") {
    Loop loop;
    Resolver sut(loop.reactor());
    auto const addresses = look_up(loop, sut, "no-such-host.invalid");
    REQUIRE_FALSE(addresses.ok());
    CHECK(addresses.error().code == Errc::network);
    CHECK(addresses.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a lookup without an answer ends with an error in time") {
    Loop loop;
    Resolver sut(loop.reactor());
    std::optional<Addresses> answer;
    sut.resolve("no-such-host.invalid", std::chrono::milliseconds(0),
                [&](Addresses addresses) { answer = addresses; });
    loop.until([&] { return answer.has_value(); });
    CHECK_FALSE(answer->ok());
}

TEST_CASE("a resolver may go while a lookup is under way") {
    Loop loop;
    int answers = 0;
    for (int i = 0; i < 20; ++i) {
        Resolver sut(loop.reactor());
        sut.resolve("localhost", std::chrono::seconds(20), [&](Addresses const&) { ++answers; });
    }
    CHECK(loop.stays_quiet([&] { return answers > 0; }, std::chrono::milliseconds(20)));
}
