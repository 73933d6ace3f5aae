#include "exit_codes.hpp"

#include "catch.hpp"

using xfsbus::console::ExitCodes;

TEST_CASE("The exit code of a job is given out once") {
    ExitCodes codes;
    codes.add(1, 0);
    codes.add(2, 5);
    CHECK(codes.take(2) == 5);
    CHECK_FALSE(codes.take(2));
    CHECK(codes.take_all() == 0);
    CHECK_FALSE(codes.take(1));
}

TEST_CASE("Of all jobs' exit codes the first that is not 0 counts, by the numbers of the jobs") {
    ExitCodes codes;
    codes.add(1, 0);
    codes.add(3, 8);
    codes.add(4, 5);
    CHECK(codes.take_all() == 8);
    CHECK(codes.take_all() == 0);
}

TEST_CASE("Exit codes that nobody asks for are forgotten, but not that one was not 0") {
    ExitCodes codes;
    codes.add(1, 5);
    codes.add(2, 8);
    for (unsigned number = 3; number < ExitCodes::most + 3; ++number) {
        codes.add(number, number == 3 ? 9 : 0);
    }
    CHECK_FALSE(codes.contains(1));
    CHECK_FALSE(codes.contains(2));
    CHECK(codes.contains(3));
    CHECK(codes.take_all() == 5);
    CHECK(codes.take_all() == 0);
}

TEST_CASE("An exit code that has just come is there, however old its job is") {
    ExitCodes codes;
    for (unsigned number = 2; number < ExitCodes::most + 3; ++number) {
        codes.add(number, 0);
    }
    codes.add(1, 7);
    CHECK(codes.take(1) == 7);
}
