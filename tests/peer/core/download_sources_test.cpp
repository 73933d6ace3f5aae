#include "fetch.hpp"

#include <limits>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::test;
using Verdict = Download::Verdict;

// ---- is it alive ----

TEST_CASE("an active source is probed once a second") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.pass(1s - tick);
    CHECK(fetch.probed.empty());
    fetch.pass(tick);
    CHECK(fetch.probed == Chunks{1});
    fetch.pass(1s - tick);
    CHECK(fetch.probed.size() == 1);
    fetch.pass(tick);
    CHECK(fetch.probed.size() == 2);
}

TEST_CASE("a source is kept until it was silent for the limit, and is then lost") {
    Fetch fetch(file_of(2));
    fetch.begin({1, 2});
    fetch.pass(1s);
    fetch.pong(1);
    fetch.pass(3s - tick);
    CHECK(fetch.dropped.empty());
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[2] == Chunks{0, 1});
    CHECK(fetch.state_of(0) == "stopped answering");
}

TEST_CASE("chunks are a sign of life") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.pass(2s);
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.pass(3s - tick);
    CHECK(fetch.dropped.empty());
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("a source that answers but does not deliver loses its requests when patience ends") {
    Fetch fetch(file_of(2));
    fetch.begin({1, 2});
    fetch.stall(10s - tick, {1});
    CHECK(fetch.dropped.empty());
    fetch.pong(1);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[2] == Chunks{0, 1});
}

TEST_CASE("a delivery begins the patience with the other chunks anew") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    fetch.stall(5s, {1});
    fetch.deliver(1, 0);  // 20 bytes a second, and 40 to come
    fetch.stall(10s - tick, {1});
    CHECK(fetch.dropped.empty());
    fetch.pong(1);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("nobody is blamed for the time that writing takes") {
    Fetch fetch(file_of(1));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.stall(60s, {1});
    CHECK(fetch.dropped.empty());
}

TEST_CASE("a source that was slow once and then stalls does not hold up the others for long") {
    Fetch fetch(file_of(33), limits_of(2, 3200));
    fetch.begin({1, 2});
    CHECK(fetch.asked.empty());
    fetch.deliver(2, 32);
    fetch.stall(9s, {1, 2});
    fetch.deliver(1, 0);  // 11 bytes a second: what is outstanding would take five minutes
    int seconds = 0;
    while (fetch.dropped.empty() && seconds < 10'000) {
        fetch.stall(1s, {1, 2});
        ++seconds;
    }
    CHECK(seconds <= 60);
    CHECK(fetch.asked[2].size() == 31);
}

TEST_CASE("a source is given up for good after three strikes") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (int strike = 1; strike <= 3; ++strike) {
        INFO("strike " << strike);
        CHECK(fetch.core.progress().sources_active == 1);
        fetch.stall(10s, {1});
        CHECK(fetch.core.progress().sources_active == 0);
        fetch.add(1);
    }
    CHECK(fetch.core.progress().sources_active == 0);
    fetch.search_done();
    CHECK(fetch.failure() == Errc::timeout);
}

TEST_CASE("a source that was lost comes back three times and no more") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (int i = 0; i < 3; ++i) {
        fetch.lose(1);
        fetch.add(1);
        CHECK(fetch.core.progress().sources_active == 1);
    }
    fetch.lose(1);
    fetch.add(1);
    CHECK(fetch.core.progress().sources_active == 0);
}

// ---- lies and noise ----

TEST_CASE("a source that sent corrupt data is never asked again, others are asked instead") {
    Fetch fetch(file_of(6));
    fetch.begin({1, 2});
    fetch.corrupt(1, 2);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[2] == Chunks{0, 1, 2, 3});
    CHECK(fetch.core.progress().chunks_rejected == 1);
    CHECK(fetch.state_of(0) == "sent corrupt data");
    fetch.forget();
    fetch.lose(2);
    fetch.search_done();
    fetch.pass(1s);
    fetch.add(1);
    CHECK(fetch.asked.empty());
}

TEST_CASE("a chunk of the wrong place or size is a lie") {
    struct Case {
        std::uint64_t offset;
        std::uint64_t length;
    };

    auto const lie = GENERATE(Case{101, 100}, Case{0, 100}, Case{100, 99}, Case{100, 101},
                              Case{100, 0}, Case{std::numeric_limits<std::uint64_t>::max(), 100});
    Fetch fetch(file_of(6));
    fetch.begin({1, 2});
    CHECK(fetch.core.on_chunk(fetch.now, source(1), 1, lie.offset, lie.length) == Verdict::lie);
    fetch.take();
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[2] == Chunks{0, 1, 2, 3});
    CHECK(fetch.core.progress().chunks_rejected == 1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.core.progress().sources_active == 1);
}

TEST_CASE("a liar is banned also if the lie is found out after it was lost and came back") {
    Fetch fetch(file_of(6));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.lose(1);
    bool const back = GENERATE(false, true);
    if (back) {
        fetch.add(1);
        CHECK(fetch.asked[1] == Chunks{1, 2, 3, 4});
    }
    fetch.core.on_corrupt(fetch.now, source(1), 0);
    fetch.take();
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.core.progress().sources_active == 0);
    fetch.add(2);
    CHECK(fetch.asked[2] == Chunks{0, 1, 2, 3});
}

TEST_CASE("chunks that nobody asked for are dropped and counted, and harm nobody") {
    Fetch fetch(file_of(6));
    fetch.begin({1, 2});
    CHECK(fetch.arrive(9, 0) == Verdict::drop);            // who is that
    CHECK(fetch.arrive(2, 0) == Verdict::drop);            // not active
    CHECK(fetch.arrive(1, 5) == Verdict::drop);            // not asked yet
    CHECK(fetch.arrive(1, 6) == Verdict::drop);            // not in the file
    CHECK(fetch.arrive(1, 0xffffffffU) == Verdict::drop);  // nor this
    fetch.deliver(1, 0);
    CHECK(fetch.arrive(1, 0) == Verdict::drop);  // again
    CHECK(fetch.arrive(1, 1) == Verdict::take);
    CHECK(fetch.arrive(1, 1) == Verdict::drop);  // again, while the first is written
    fetch.lose(1);
    CHECK(fetch.arrive(1, 2) == Verdict::drop);  // late
    CHECK(fetch.core.progress().chunks_surplus == 8);
    CHECK(fetch.core.progress().chunks_rejected == 0);
}

TEST_CASE("a chunk that arrived before its source was lost is stored and not asked for again") {
    Fetch fetch(file_of(3));
    fetch.begin({1, 2});
    CHECK(fetch.arrive(1, 1) == Verdict::take);
    fetch.lose(1);
    CHECK(fetch.asked[2] == Chunks{0, 2});
    fetch.core.on_stored(fetch.now, source(1), 1);
    CHECK(fetch.core.progress().bytes_stored == 100);
    CHECK(fetch.core.sources().at(0).bytes == 100);
}
