#include "sizes.hpp"

#include "catch.hpp"

using namespace xfsbus::console;

TEST_CASE("A short time is shown in the unit that suits it") {
    CHECK(show_span(0) == "0 ns");
    CHECK(show_span(870e-9) == "870 ns");
    CHECK(show_span(5.7e-6) == "5.7 us");
    CHECK(show_span(0.0123) == "12.3 ms");
    CHECK(show_span(4100) == "4100.0 s");
}

TEST_CASE("A size is a number with an optional suffix of 1024s") {
    CHECK(parse_size("0").value() == 0);
    CHECK(parse_size("512").value() == 512);
    CHECK(parse_size("1K").value() == 1024);
    CHECK(parse_size("1k").value() == 1024);
    CHECK(parse_size("1.5M").value() == 1536 * 1024);
    CHECK(parse_size("2G").value() == 2ULL * 1024 * 1024 * 1024);
    CHECK(parse_size("10KiB").value() == 10240);
    CHECK(parse_size("10KB/s").value() == 10240);
}

TEST_CASE("What is no size is refused with what was typed") {
    for (std::string const text : {"", "K", "-1", "1X", "1MM", "nan", "inf", "1e9", "99999999G"}) {
        INFO(text);
        auto const size = parse_size(text);
        REQUIRE_FALSE(size);
        CHECK(size.error().code == xfsbus::Errc::usage);
        CHECK(size.error().message.find("'" + text + "'") != std::string::npos);
    }
}

TEST_CASE("A size is shown in the largest unit that leaves at least one") {
    CHECK(show_size(0) == "0 B");
    CHECK(show_size(1023) == "1023 B");
    CHECK(show_size(1024) == "1.0 KiB");
    CHECK(show_size(1536.0 * 1024) == "1.5 MiB");
    CHECK(show_size(3.0 * 1024 * 1024 * 1024 * 1024 * 1024) == "3072.0 TiB");
}

TEST_CASE("A time is shown as minutes and seconds, with hours when there are any") {
    CHECK(show_time(0) == "0:00");
    CHECK(show_time(187) == "3:07");
    CHECK(show_time(3729) == "1:02:09");
    CHECK(show_time(-5) == "0:00");
}
