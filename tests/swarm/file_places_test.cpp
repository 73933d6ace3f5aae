#include "catch.hpp"

#include <xfsbus/swarm/file_places.hpp>

#include <string>

using namespace xfsbus::swarm;

namespace {

/// Downloads of many files that take places when they are called.
struct Takers {
    explicit Takers(std::size_t most) : places(most) {}

    bool take(char& who) {
        return places.take(&who, [this, &who] { called += who; });
    }

    FilePlaces places;
    std::string called;
    char a = 'a';
    char b = 'b';
    char c = 'c';
};

}  // namespace

TEST_CASE("no more files have places than there are") {
    Takers takers(2);
    CHECK(takers.take(takers.a));
    CHECK(takers.take(takers.b));
    CHECK_FALSE(takers.take(takers.a));
    CHECK_FALSE(takers.take(takers.c));
    CHECK(takers.called.empty());
}

TEST_CASE("a place that is given back is for who has waited longest") {
    Takers takers(1);
    REQUIRE(takers.take(takers.a));
    CHECK_FALSE(takers.take(takers.b));
    CHECK_FALSE(takers.take(takers.b));  // it stands in line once
    CHECK_FALSE(takers.take(takers.c));
    takers.places.give_back();
    CHECK(takers.called == "b");
    CHECK_FALSE(takers.take(takers.a));  // behind the others
    CHECK_FALSE(takers.take(takers.c));
    CHECK(takers.take(takers.b));
    takers.places.give_back();
    CHECK(takers.called == "bc");
    CHECK(takers.take(takers.c));
    takers.places.give_back();
    CHECK(takers.called == "bca");
}

TEST_CASE("who leaves the line lets the next one have the place") {
    Takers takers(1);
    REQUIRE(takers.take(takers.a));
    CHECK_FALSE(takers.take(takers.b));
    CHECK_FALSE(takers.take(takers.c));
    takers.places.give_back();
    takers.places.leave(&takers.b);
    CHECK(takers.called == "bc");
    CHECK(takers.take(takers.c));
    takers.places.leave(&takers.a);  // was not in line
    CHECK(takers.called == "bc");
}

TEST_CASE("when several places are free each of those in line is called") {
    Takers takers(2);
    REQUIRE(takers.take(takers.a));
    REQUIRE(takers.take(takers.a));
    CHECK_FALSE(takers.take(takers.b));
    CHECK_FALSE(takers.take(takers.c));
    takers.places.give_back();
    takers.places.give_back();
    CHECK(takers.called == "bb");
    CHECK(takers.take(takers.b));
    CHECK(takers.called == "bbc");
    CHECK(takers.take(takers.c));
}
