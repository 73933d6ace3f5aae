#include "catch.hpp"

#include <xfsbus/swarm/source_history.hpp>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

TEST_CASE("what was found last of a source is what is known of it") {
    SourceHistory history;
    CHECK_FALSE(history.find(SourceId{1}));
    history.note(SourceId{1}, 100, wire::Time(1s));
    history.note(SourceId{1}, 300, wire::Time(2s));
    REQUIRE(history.find(SourceId{1}));
    CHECK(history.find(SourceId{1})->bytes_per_second == 300);
    CHECK(history.find(SourceId{1})->at == wire::Time(2s));
}

TEST_CASE("of too many sources the one that was used the longest ago is forgotten") {
    SourceHistory history;
    for (std::uint64_t i = 0; i < SourceHistory::most; ++i) {
        history.note(SourceId{i}, 1, wire::Time(std::chrono::seconds(i)));
    }
    history.note(SourceId{0}, 1, wire::Time(1h));
    history.note(SourceId{SourceHistory::most}, 1, wire::Time(1h));
    CHECK(history.find(SourceId{0}));
    CHECK_FALSE(history.find(SourceId{1}));
    CHECK(history.find(SourceId{2}));
}
