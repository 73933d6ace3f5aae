#include "telemetry/counters.hpp"

#include "catch.hpp"
#include "counter_page.hpp"

#include <cstdint>
#include <set>
#include <string_view>

using namespace xfsbus;
using namespace xfsbus::peer::telemetry;

TEST_CASE("a peer's counters are listed with their values, in the order of the table") {
    peer::telemetry::Counters counters;
    ++counters[Counter::chunks_rejected];
    counters[Counter::bytes_sent] += 7;
    auto const all = counters.list();
    REQUIRE(all.size() == counter_table.size());
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].name == counter_table.at(i).info.name);
        names.insert(all[i].name);
    }
    CHECK(names.size() == all.size());
    CHECK(value_of(all, "chunks_rejected") == 1);
    CHECK(value_of(all, "bytes_sent") == 7);
    CHECK(value_of(all, "bytes_received") == 0);
    CHECK(value_of(all, "no such") == 0);
}

TEST_CASE("docs/OPERATING.md lists the counters of a peer") {
    CHECK_THAT(test::operating_page(), ContainsSubstring(test::counter_page(counter_table)));
}
