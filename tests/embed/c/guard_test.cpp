// What stands between C and a peer.
#include "guard.hpp"

#include "catch.hpp"

#include <new>
#include <optional>
#include <stdexcept>
#include <string>

using namespace xfsbus;
using namespace xfsbus::c;

namespace {

struct Told {
    xfsbus_code code;
    std::string message;
};

template <typename Thrown>
Told what_becomes_of(Thrown const& thrown) {
    xfsbus_error error;
    auto const code = guarded(&error, [&]() -> std::optional<Error> { throw thrown; });
    CHECK(error.code == code);
    return {code, error.message};
}

}  // namespace

TEST_CASE("Whatever is thrown becomes a code") {
    CHECK(what_becomes_of(Misuse("peer is NULL")).code == XFSBUS_ERROR_USAGE);
    CHECK(what_becomes_of(Misuse("peer is NULL")).message == "peer is NULL");
    CHECK(what_becomes_of(std::bad_alloc()).code == XFSBUS_ERROR_FAILED);
    CHECK(what_becomes_of(std::bad_alloc()).message == "out of memory");
    CHECK(what_becomes_of(std::runtime_error("why")).code == XFSBUS_ERROR_FAILED);
    CHECK(what_becomes_of(std::runtime_error("why")).message == "why");
    CHECK(what_becomes_of(42).code == XFSBUS_ERROR_FAILED);
}

TEST_CASE("An error that nobody wants to hear of is a code all the same") {
    auto const fail = []() -> std::optional<Error> { return Error{Errc::disk, "full"}; };
    CHECK(guarded(nullptr, fail) == XFSBUS_ERROR_DISK);
}

TEST_CASE("Each code has the name that it has in C++") {
    for (int i = 0; i <= static_cast<int>(Errc::ended); ++i) {
        auto const errc = static_cast<Errc>(i);
        CHECK(xfsbus_code_name(code_of(errc)) == std::string(name_of(errc)));
        CHECK(code_of(errc) == i + 1);
    }
    CHECK(xfsbus_code_name(XFSBUS_OK) == std::string("ok"));
    CHECK(xfsbus_code_name(99) == std::string("failed"));
}

TEST_CASE("A message that is too long ends in dots after a whole character") {
    constexpr std::size_t most = sizeof(xfsbus_error::message) - 1;
    xfsbus_error error;
    tell(&error, XFSBUS_ERROR_FAILED, std::string(most, 'x'));
    CHECK(error.message == std::string(most, 'x'));
    for (std::string const letter : {"x", "ä", "€", "😀"}) {
        for (std::size_t shift = 0; shift < 4; ++shift) {
            std::string text(shift, '-');
            while (text.size() <= most) {
                text += letter;
            }
            tell(&error, XFSBUS_ERROR_FAILED, text);
            std::string const told = error.message;
            REQUIRE(told.size() > most - letter.size());
            REQUIRE(told.ends_with("..."));
            auto const kept = told.substr(0, told.size() - 3);
            CHECK(text.starts_with(kept));
            CHECK((kept.size() - shift) % letter.size() == 0);
        }
    }
}
