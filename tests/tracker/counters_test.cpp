#include "catch.hpp"
#include "counter_page.hpp"

#include <xfsbus/tracker/counters.hpp>

using namespace xfsbus;

TEST_CASE("docs/OPERATING.md lists the counters of a tracker") {
    CHECK_THAT(test::operating_page(),
               ContainsSubstring(test::counter_page(tracker::counter_table)));
}
