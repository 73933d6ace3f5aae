#include "catch.hpp"

#include <xfsbus/program/run.hpp>

using namespace xfsbus;

TEST_CASE("the exit codes of failures are those that docs/CLI.md promises") {
    auto const [code, number] = GENERATE(table<Errc, int>({{Errc::failed, 1},
                                                           {Errc::usage, 2},
                                                           {Errc::not_found, 3},
                                                           {Errc::tracker_unreachable, 4},
                                                           {Errc::timeout, 5},
                                                           {Errc::network, 6},
                                                           {Errc::interrupted, 7},
                                                           {Errc::integrity, 8},
                                                           {Errc::disk, 9},
                                                           {Errc::not_authorised, 10},
                                                           {Errc::plugin, 11},
                                                           {Errc::ended, 1}}));
    CHECK(program::exit_code(code) == number);
}
