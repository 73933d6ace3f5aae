#include "fetch.hpp"

#include <limits>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
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
    CHECK(fetch.state_of(1) == "stopped answering");
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
    fetch.deliver(1, 0);  // 5 s for a chunk, and one to come
    fetch.stall(20s - tick, {1});
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
    Fetch fetch(file_of(200), limits_of(2));
    fetch.begin({1, 2});
    fetch.stall(9s, {1, 2});
    fetch.deliver(1, 0);  // 11 bytes a second: what is outstanding would take 18 s, and may take 73
    int seconds = 0;
    while (fetch.dropped.empty() && seconds < 100) {
        fetch.deliver(2, fetch.outstanding(2).front());
        fetch.stall(1s, {1, 2});
        ++seconds;
    }
    CHECK(fetch.dropped == Chunks{1});
    CHECK(seconds == 60);
}

TEST_CASE("a source whose rate is known may take four times as long, if another could be asked") {
    struct Case {
        wire::Duration chunk;
        wire::Duration patience;
    };

    auto const c = GENERATE(Case{10ms, 2s}, Case{200ms, 2s}, Case{500ms, 4s}, Case{1s, 8s},
                            Case{7s, 56s}, Case{9s, 60s});
    Fetch fetch(file_of(200), limits_of(2));
    fetch.begin({1, 2});
    fetch.stall(c.chunk, {1, 2});
    fetch.deliver(2, 2);
    fetch.deliver(1, 0);
    REQUIRE(fetch.outstanding(1).size() == 2);
    for (auto const end = fetch.now + c.patience - tick; fetch.now < end;) {
        fetch.deliver(2, fetch.outstanding(2).front());
        fetch.stall(std::min<wire::Duration>(1s, end - fetch.now), {1, 2});
    }
    CHECK(fetch.dropped.empty());
    fetch.pong(1);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("a source that is the only one to have a chunk gets as long as an unknown one") {
    Fetch fetch(file_of(20), limits_of(2));
    fetch.begin({1});
    bool const other = GENERATE(false, true);
    if (other) {
        fetch.add(2, 0.5);
        fetch.has(2, {8});
        fetch.deliver(2, 8);
    }
    fetch.now += 10ms;
    fetch.deliver(1, 0);
    fetch.stall(10s - tick, {1, 2});
    CHECK(fetch.dropped.empty());
    fetch.pong(1);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("a source that was slow, and is the only one, is not hurried") {
    Fetch fetch(file_of(20));
    fetch.begin({1});
    fetch.stall(7s, {1});
    fetch.deliver(1, 0);
    fetch.stall(56s - tick, {1});
    CHECK(fetch.dropped.empty());
    fetch.pong(1);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{1});
}

TEST_CASE("a short chunk may take as long as a whole one, since it waits for its turn, too") {
    Fetch fetch(file_of(4), limits_of(2, 100));
    fetch.begin({1, 2});
    fetch.has(1, {0, 1, 2});
    fetch.stall(5s, {1, 2});
    fetch.deliver(1, 0);
    fetch.deliver(2, 1);
    fetch.deliver(1, 2);
    REQUIRE(fetch.outstanding(2) == Chunks{3});  // 40 bytes, at 20 bytes a second
    fetch.stall(20s - tick, {1, 2});
    CHECK(fetch.dropped.empty());
    fetch.pong(2);
    fetch.pass(tick);
    CHECK(fetch.dropped == Chunks{2});
}

TEST_CASE("a source that has become slow gets more time after each strike") {
    Fetch fetch(file_of(200), limits_of(2));
    fetch.begin({1, 2});
    fetch.now += 10ms;
    fetch.deliver(1, 0);
    fetch.deliver(2, 2);
    for (auto const patience : {2s, 4s, 8s, 16s}) {
        REQUIRE(fetch.outstanding(1).size() == 2);
        for (auto const end = fetch.now + patience - tick; fetch.now < end;) {
            fetch.deliver(2, fetch.outstanding(2).front());
            fetch.stall(std::min<wire::Duration>(1s, end - fetch.now), {1, 2});
        }
        CHECK(fetch.dropped.empty());
        fetch.pass(tick);
        CHECK(fetch.dropped == Chunks{1});
        fetch.forget();
        while (patience < 16s && fetch.outstanding(1).empty()) {
            fetch.deliver(2, fetch.outstanding(2).front());
            fetch.stall(1s, {1, 2});
        }
    }
}

TEST_CASE("a source that does not deliver rests ever longer, and is given up after four times") {
    struct Strike {
        wire::Duration patience;
        wire::Duration rest;
    };

    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (auto const& strike :
         {Strike{10s, 1s}, Strike{20s, 2s}, Strike{40s, 4s}, Strike{60s, 1h}}) {
        CHECK(fetch.progress().sources_active == 1);
        fetch.stall(strike.patience - tick, {1});
        CHECK(fetch.dropped.empty());
        fetch.pong(1);
        fetch.pass(tick);
        CHECK(fetch.dropped == Chunks{1});
        CHECK(fetch.state_of(1) == "did not deliver in time");
        fetch.forget();
        fetch.search_done();
        fetch.add(1);
        fetch.pass(strike.rest == 1h ? wire::Duration(0) : strike.rest - tick);
        CHECK(fetch.asked.empty());
        fetch.pass(tick);
    }
    CHECK(fetch.asked.empty());
    CHECK(fetch.failure() == Errc::timeout);
}

TEST_CASE("what a source delivers makes good for the times that it did not") {
    Fetch fetch(file_of(30));
    fetch.begin({1});
    for (int strike = 1; strike <= 10; ++strike) {
        INFO("strike " << strike);
        while (fetch.dropped.empty()) {
            fetch.stall(1s, {1});
        }
        fetch.forget();
        fetch.pass(1s);
        REQUIRE(fetch.asked.contains(1));
        fetch.deliver(1, fetch.outstanding(1).front());
    }
}

TEST_CASE("one that was late once is asked before an untried one only if it has delivered before") {
    bool const has_delivered = GENERATE(true, false);
    Fetch fetch(file_of(30));
    fetch.begin({1, 2, 3});
    if (has_delivered) {
        fetch.deliver(1, 0);
    }
    while (fetch.dropped.empty()) {
        fetch.stall(1s, {1});
    }
    REQUIRE(fetch.dropped == Chunks{1});
    fetch.stall(2s, {2});
    fetch.forget();
    fetch.lose(2);
    CHECK(fetch.asked.contains(1) == has_delivered);
    CHECK(fetch.asked.contains(3) != has_delivered);
}

TEST_CASE("a source that was lost comes back three times and no more") {
    Fetch fetch(file_of(2));
    fetch.begin({1});
    for (int i = 0; i < 3; ++i) {
        fetch.lose(1);
        fetch.add(1);
        CHECK(fetch.progress().sources_active == 1);
    }
    fetch.lose(1);
    fetch.add(1);
    CHECK(fetch.progress().sources_active == 0);
}

TEST_CASE("a source that delivers may be lost and found again without end") {
    Fetch fetch(file_of(30));
    fetch.begin({1});
    for (std::uint32_t chunk = 0; chunk < 10; ++chunk) {
        fetch.deliver(1, chunk);
        fetch.lose(1);
        fetch.add(1);
        CHECK(fetch.progress().sources_active == 1);
    }
}

// ---- lies and noise ----

TEST_CASE("a source that sent corrupt data is never asked again, others are asked instead") {
    Fetch fetch(file_of(6));
    fetch.begin({1, 2});
    fetch.corrupt(1, 1);
    CHECK(fetch.dropped == Chunks{1});
    CHECK(fetch.asked[2] == Chunks{0, 1});
    CHECK(fetch.progress().chunks_rejected == 1);
    CHECK(fetch.state_of(1) == "sent corrupt data");
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
    CHECK(fetch.asked[2] == Chunks{0, 1});
    CHECK(fetch.progress().chunks_rejected == 1);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.progress().sources_active == 1);
}

TEST_CASE("a liar is banned also if the lie is found out after it was lost and came back") {
    Fetch fetch(file_of(6));
    fetch.begin({1});
    CHECK(fetch.arrive(1, 0) == Verdict::take);
    fetch.lose(1);
    bool const back = GENERATE(false, true);
    if (back) {
        fetch.add(1);
        CHECK(fetch.asked[1] == Chunks{1, 2});
    }
    fetch.reject(1, 0);
    fetch.forget();
    fetch.add(1);
    CHECK(fetch.progress().sources_active == 0);
    fetch.add(2);
    CHECK(fetch.asked[2] == Chunks{0, 1});
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
    CHECK(fetch.progress().chunks_surplus == 8);
    CHECK(fetch.progress().chunks_rejected == 0);
}

TEST_CASE("a chunk that arrived before its source was lost is stored and not asked for again") {
    Fetch fetch(file_of(3));
    fetch.begin({1, 2});
    CHECK(fetch.arrive(1, 1) == Verdict::take);
    fetch.lose(1);
    CHECK(fetch.asked[2] == Chunks{0, 2});
    fetch.store(1, 1);
    CHECK(fetch.progress().bytes_stored == 100);
    CHECK(fetch.known(1)->delivered_bytes == 100);
}
