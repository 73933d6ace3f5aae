#include "catch.hpp"

#include <xfsbus/swarm/probe_plan.hpp>

#include <set>
#include <string>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

constexpr std::size_t all_of_them = ~std::size_t{0};

wire::Endpoint at(std::size_t number) {
    return {"10.0.0.1", static_cast<std::uint16_t>(number)};
}

std::vector<wire::Endpoint> range(std::size_t first, std::size_t count) {
    std::vector<wire::Endpoint> sources;
    for (std::size_t i = 0; i < count; ++i) {
        sources.push_back(at(first + i));
    }
    return sources;
}

/// Answers in the order asked; returns who was asked, and checks how many at once.
std::vector<wire::Endpoint> run(ProbePlan& plan, auto answers) {
    std::vector<wire::Endpoint> asked;
    std::size_t answered = 0;
    while (true) {
        while (auto const next = plan.next()) {
            asked.push_back(*next);
        }
        CHECK(plan.waiting() <= ProbePlan::at_once_most);
        if (answered == asked.size()) {
            return asked;
        }
        plan.on_result(asked[answered], answers(asked[answered]));
        ++answered;
    }
}

constexpr auto yes = [](auto const&) { return true; };
constexpr auto no = [](auto const&) { return false; };

}  // namespace

TEST_CASE("Each source is asked once, and never too many at a time") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 1'000));
    plan.add_file(range(501, 1'000));
    auto const asked = run(plan, no);
    CHECK(asked.size() == 1'500);
    CHECK(std::set(asked.begin(), asked.end()).size() == asked.size());
    CHECK(plan.waiting() == 0);
}

TEST_CASE("Of very many sources of a file the first are asked") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 20'000));
    CHECK(run(plan, no).size() == ProbePlan::of_a_file_most);
    CHECK(plan.over());
}

TEST_CASE("No more are asked for a file than are enough, if they answer") {
    ProbePlan plan(3);
    plan.add_file(range(1, 100));
    plan.add_file(range(101, 100));
    CHECK(run(plan, yes).size() == 6);
}

TEST_CASE("For each that does not answer another is asked") {
    ProbePlan plan(3);
    plan.add_file(range(1, 100));
    auto const asked = run(plan, [](auto const& source) { return source.port > 50; });
    CHECK(asked.size() == 53);
}

TEST_CASE("Sources that files share count for each of them") {
    ProbePlan plan(3);
    plan.add_file(range(1, 3));
    plan.add_file(range(1, 10));
    plan.add_file(range(3, 10));
    CHECK(run(plan, yes).size() == 5);
}

TEST_CASE("Those that have answered before are not asked, and count") {
    ProbePlan plan(3);
    plan.add_file(range(1, 10));
    plan.known(at(2));
    plan.known(at(4711));
    auto const asked = run(plan, yes);
    CHECK(asked == std::vector{at(1), at(3)});
}

TEST_CASE("The files take turns") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 100));
    plan.add_file(range(101, 100));
    CHECK(plan.next() == at(1));
    CHECK(plan.next() == at(101));
    CHECK(plan.next() == at(2));
}

TEST_CASE("A plan that is stopped asks nobody new") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 100));
    CHECK(plan.next());
    plan.stop();
    CHECK_FALSE(plan.next());
    CHECK(plan.waiting() == 1);
    plan.on_result(at(1), false);
    CHECK(plan.waiting() == 0);
    CHECK_FALSE(plan.next());
}

TEST_CASE("A connection that is not closed yet takes the place of another") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 100));
    std::vector<wire::Endpoint> asked;
    while (auto const next = plan.next()) {
        asked.push_back(*next);
    }
    plan.on_result(asked.front(), false);
    plan.on_closing();
    CHECK_FALSE(plan.next());
    CHECK_FALSE(plan.over());
    plan.on_closed();
    CHECK(plan.next());
}

TEST_CASE("A plan is over when nobody is left to be waited for, whatever is not closed yet") {
    ProbePlan plan(1);
    plan.add_file(range(1, 2));
    CHECK_FALSE(plan.over());
    plan.next();
    plan.on_result(at(1), false);
    plan.on_closing();
    CHECK_FALSE(plan.over());
    plan.next();
    CHECK_FALSE(plan.over());
    plan.on_result(at(2), true);
    CHECK(plan.over());
}

TEST_CASE("One that there is no room for is asked later, and is not taken for silent") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 3));
    REQUIRE(plan.next() == at(1));
    REQUIRE(plan.next() == at(2));
    plan.on_no_room(at(2));
    CHECK_FALSE(plan.next());
    CHECK(plan.waiting() == 1);
    plan.on_result(at(1), false);
    CHECK_FALSE(plan.over());
    CHECK(plan.next() == at(2));
    CHECK(plan.next() == at(3));
}

TEST_CASE("A plan without room goes on when a connection is closed, or the owner says so") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 2));
    plan.on_no_room(*plan.next());
    CHECK_FALSE(plan.over());
    plan.on_closing();
    CHECK_FALSE(plan.next());
    plan.on_closed();
    plan.on_no_room(*plan.next());
    CHECK_FALSE(plan.next());
    plan.on_room();
    CHECK(plan.next() == at(1));
}

TEST_CASE("A file whose only source is yet to answer has none; if that is silent it will not") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 1));
    plan.add_file(range(2, 1));
    while (plan.next()) {
    }
    plan.on_result(at(1), true);
    CHECK_FALSE(plan.all_have_one());
    auto const answers = GENERATE(true, false);
    plan.on_result(at(2), answers);
    CHECK(plan.all_have_one());
}

TEST_CASE("A plan without room is over once each file has a source and nothing makes room") {
    ProbePlan plan(all_of_them);
    plan.add_file(range(1, 10));
    plan.add_file(range(101, 1));
    REQUIRE(plan.next() == at(1));
    plan.on_result(at(1), true);
    REQUIRE(plan.next() == at(101));
    plan.on_no_room(at(101));
    CHECK_FALSE(plan.over());  // the second file has nobody
    plan.on_room();
    auto next = plan.next();
    while (next && *next != at(101)) {
        plan.on_result(*next, false);
        next = plan.next();
    }
    REQUIRE(next);
    plan.on_result(at(101), true);
    if (auto const another = plan.next()) {
        plan.on_no_room(*another);
    }
    CHECK(plan.over());
}

TEST_CASE("With room for few at a time, hundreds that are not there hide nobody") {
    ProbePlan plan(64);
    plan.add_file(range(1, 500));
    constexpr std::size_t room = 10;
    std::vector<wire::Endpoint> open;
    bool found = false;
    for (int i = 0; i < 10'000 && !found; ++i) {
        while (auto const next = plan.next()) {
            open.size() < room ? open.push_back(*next) : plan.on_no_room(*next);
        }
        REQUIRE_FALSE(open.empty());
        found = open.front() == at(500);
        plan.on_result(open.front(), found);
        open.erase(open.begin());
    }
    CHECK(found);
}
