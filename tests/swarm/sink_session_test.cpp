// What a SinkSession tells whom, and when.
#include "catch.hpp"
#include "ranks.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/swarm/sink_session.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace std::chrono_literals;

namespace {

using Chunks = std::vector<std::uint32_t>;

constexpr SourceId whole{1};
constexpr SourceId partial{2};

/// A session for a file of so many chunks of 100 bytes, and all that it wanted done.
struct SinkSide {
    explicit SinkSide(std::uint32_t chunks, Chunks const& here = {}, std::uint64_t limit = 0,
                      std::vector<wire::ContentId> const& bundle = {})
        : content({}, {chunks * 100ULL, 100, chunks}, ChunkSet(chunks)) {
        std::ranges::for_each(here, [this](auto chunk) { content.gained(chunk); });
        SinkSession::Options options;
        options.bytes_per_second = limit;
        options.bundle = bundle;
        core.emplace(content, options, Download::Policies{selector, order}, random.rng(),
                     SinkSession::Owner{throttle, [this] { return transfer(++transfers); }, [] {}});
    }

    static wire::TransferId transfer(std::uint8_t number) {
        wire::TransferId id;
        id.bytes[0] = number;
        return id;
    }

    void begin(std::vector<SourceId> const& sources, std::uint16_t serves = 0) {
        for (auto const source : sources) {
            core->add_source(now, {source, "peer", "", 1, 0, source == whole ? 1.0 : 0.5});
        }
        core->start(now, serves);
        take();
    }

    void take() {
        auto actions = core->take_actions();
        std::ranges::move(actions.sends, std::back_inserter(sends));
        if (actions.announce_ppm) {
            announced.push_back(*actions.announce_ppm);
        }
    }

    /// Lets so much time pass, a millisecond at a time.
    void pass(std::chrono::milliseconds time) {
        for (auto const end = now + time; now < end;) {
            now += 1ms;
            core->on_tick(now);
            take();
        }
    }

    void store(SourceId source, std::uint32_t chunk) {
        auto const verdict =
            core->on_chunk(now, source, {open_at(source), chunk, chunk * std::uint64_t{100}}, 100);
        REQUIRE(verdict == Download::Verdict::take);
        core->on_checked(now, source, chunk, Download::Check::stored);
        take();
    }

    template <typename Message>
    [[nodiscard]] std::vector<Message> sent(SourceId to) const {
        std::vector<Message> all;
        for (auto const& send : sends) {
            auto const* const message = std::get_if<Message>(&send.what);
            if (send.to == to && message != nullptr) {
                all.push_back(*message);
            }
        }
        return all;
    }

    [[nodiscard]] bool uses(SourceId source) const {
        return in_use(core->download().sources(), source);
    }

    /// Whether this transfer is open.
    bool hears(SourceId source, wire::TransferId const& transfer) {
        wire::Have nothing;
        nothing.transfer = transfer;
        return core->on_word(now, source, nothing);
    }

    [[nodiscard]] wire::TransferId open_at(SourceId source) const {
        return sent<wire::Want>(source).back().transfer;
    }

    wire::Time now{1000s};
    policies::LoadLatency selector;
    Ranks order{1'000'000};
    policies::SeededRandom random{1};
    Throttle throttle{0};
    ContentState content;
    std::optional<SinkSession> core;
    std::uint8_t transfers = 0;
    std::vector<SinkSession::Send> sends;
    std::vector<std::uint32_t> announced;
};

}  // namespace

TEST_CASE("a source that is whole is told what is here, and then what comes within 50 ms at once") {
    SinkSide session(8, {7});
    session.begin({whole});
    auto const first = session.sent<wire::Have>(whole);
    REQUIRE(first.size() == 1);
    CHECK(first[0].bitmap == session.content.has().to_wire());
    session.store(whole, 0);
    session.pass(20ms);
    session.store(whole, 1);
    session.pass(29ms);
    CHECK(session.sent<wire::Have>(whole).size() == 1);
    session.pass(1ms);
    auto const told = session.sent<wire::Have>(whole);
    REQUIRE(told.size() == 2);
    CHECK(told[1].chunks == Chunks{0, 1});
}

TEST_CASE("a source that is not whole is not told what is here") {
    SinkSide session(8, {7});
    session.begin({partial});
    wire::Have have;
    have.transfer = session.open_at(partial);
    have.complete = true;
    session.core->on_word(session.now, partial, have);
    session.take();
    session.store(partial, 0);
    session.pass(200ms);
    CHECK(session.sent<wire::Have>(partial).empty());
}

TEST_CASE("of a file of three chunks nobody is told anything") {
    SinkSide session(3, {2});
    session.begin({whole});
    session.store(whole, 0);
    session.pass(200ms);
    CHECK(session.sent<wire::Have>(whole).empty());
    CHECK_FALSE(session.sent<wire::Want>(whole)[0].swarm);
}

TEST_CASE("the tracker is told of the first chunk and of each quarter, and not of the whole") {
    SinkSide session(8);
    session.begin({whole}, 9);
    CHECK(session.announced == std::vector<std::uint32_t>{0});
    for (std::uint32_t chunk = 0; chunk < 8; ++chunk) {
        session.store(whole, chunk);
    }
    CHECK(session.announced == std::vector<std::uint32_t>{0, 125'000, 375'000, 625'000, 875'000});
}

TEST_CASE("what is not offered is not announced") {
    SinkSide session(8);
    session.begin({whole});
    session.store(whole, 0);
    CHECK(session.announced.empty());
    CHECK(session.sent<wire::Want>(whole)[0].serves == 0);
}

TEST_CASE("a refused transfer is closed only where a Want on its way may have opened it again") {
    bool const asked_again = GENERATE(false, true);
    SinkSide session(asked_again ? 1000 : 1);
    session.begin({whole});
    if (asked_again) {
        session.store(whole, 0);  // which makes room for more
    }
    auto const transfer = session.open_at(whole);
    CHECK((session.sent<wire::Want>(whole).size() > 1) == asked_again);
    session.core->on_word(session.now, whole, wire::Refused{transfer, wire::ErrorCode::gone, "no"});
    session.take();
    auto const closed = session.sent<SinkSession::Close>(whole);
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].transfer == transfer);
    CHECK(closed[0].tell == asked_again);
    CHECK_FALSE(session.hears(whole, transfer));
}

TEST_CASE("what is said of a transfer that is over changes nothing") {
    SinkSide session(8);
    session.begin({whole});
    CHECK_FALSE(session.core->on_word(
        session.now, whole, wire::Refused{SinkSide::transfer(99), wire::ErrorCode::gone, ""}));
    wire::Have have;
    have.transfer = SinkSide::transfer(99);
    have.bitmap = ChunkSet(8).to_wire();
    CHECK_FALSE(session.core->on_word(session.now, whole, have));
    session.take();
    CHECK(session.uses(whole));
    CHECK(session.hears(whole, session.open_at(whole)));
}

TEST_CASE(
    "a source whose connection is lost is closed, and is asked again when it is found again") {
    SinkSide session(8);
    session.begin({whole});
    auto const transfer = session.open_at(whole);
    session.core->on_word(session.now, whole, SinkSession::Gone{});
    session.take();
    CHECK_FALSE(session.hears(whole, transfer));
    session.core->add_source(session.now, {whole, "peer", "", 1, 0, 1});
    session.pass(5s);
    CHECK(session.open_at(whole) != transfer);
}

TEST_CASE("a limit lets chunks be asked for one after the other") {
    SinkSide session(8, {}, 1000);  // ten chunks a second
    session.begin({whole});
    auto const asked = [&] {
        std::size_t chunks = 0;
        for (auto const& want : session.sent<wire::Want>(whole)) {
            CHECK(want.chunks.size() <= 1);
            chunks += want.chunks.size();
        }
        return chunks;
    };
    auto const limited = RateLimit::late_most;
    session.store(whole, 0);
    CHECK(asked() == 1);
    session.pass(100ms - std::chrono::duration_cast<std::chrono::milliseconds>(limited) - 1ms);
    CHECK(asked() == 1);
    session.pass(2ms);
    CHECK(asked() == 2);
}

TEST_CASE("what waits for a limit is not asked for in a transfer that is over by then") {
    SinkSide session(8, {}, 1000);
    session.begin({whole});
    auto const transfer = session.open_at(whole);
    session.core->on_word(session.now, whole, SinkSession::Gone{});
    session.take();
    auto const asked = session.sent<wire::Want>(whole).size();
    session.pass(3s);
    CHECK(session.sent<wire::Want>(whole).size() == asked);
    CHECK_FALSE(session.hears(whole, transfer));
}

TEST_CASE("the chunk that somebody waits for is asked for as urgent, and no other") {
    SinkSide session(100);
    session.begin({whole});
    session.core->play(session.now, 5'050, 0, 1'000);
    session.take();
    auto const wants = session.sent<wire::Want>(whole);
    CHECK(wants.back().urgent);
    CHECK(wants.back().chunks == Chunks{50});
    CHECK(std::ranges::count_if(wants, &wire::Want::urgent) == 1);
    session.store(whole, 0);
    session.store(whole, 50);
    CHECK(session.sent<wire::Want>(whole).back().chunks.front() == 51);
    CHECK_FALSE(session.sent<wire::Want>(whole).back().urgent);
}

TEST_CASE("what is urgent is said to be so also where a limit lets chunks through one by one") {
    SinkSide session(100, {}, 10'000);
    session.begin({whole});
    session.core->play(session.now, 5'050, 0, 1'000);
    session.pass(1s);
    auto const wants = session.sent<wire::Want>(whole);
    CHECK(std::ranges::count_if(wants, [](auto const& want) {
              return want.urgent && want.chunks == Chunks{50};
          }) == 1);
    CHECK(std::ranges::count_if(wants, &wire::Want::urgent) == 1);
}

TEST_CASE("at the end each open transfer is closed, and nothing else is said") {
    SinkSide session(8);
    session.begin({whole, partial});
    auto const actions = session.core->end();
    CHECK(actions.sends.size() == 2);
    CHECK(actions.probes.empty());
    CHECK_FALSE(actions.search);
    CHECK_FALSE(session.core->next_deadline() < session.now);
}

TEST_CASE("no more sources are used than a file has a use for, and no more than are allowed") {
    struct Case {
        std::uint32_t chunks;
        std::size_t used;
    };

    auto const c = GENERATE(Case{32, 4}, Case{8, 4}, Case{80, 10}, Case{1000, 24});
    SinkSide session(c.chunks);
    std::vector<SourceId> sources;
    for (std::uint64_t number = 10; number < 50; ++number) {
        sources.push_back(SourceId{number});
    }
    for (auto const source : sources) {
        session.core->add_source(session.now, {source, "peer", "", 1, 0, 1});
    }
    session.begin({});
    auto const used =
        std::ranges::count_if(sources, [&](auto source) { return session.uses(source); });
    CHECK(static_cast<std::size_t>(used) == c.used);
}

TEST_CASE("A bundle is asked for by the contents that it has, whole, and nobody is told of it") {
    std::vector<wire::ContentId> bundle(3);
    bundle[1].bytes[0] = 1;
    bundle[2].bytes[0] = 2;
    SinkSide session(1, {}, 0, bundle);
    session.begin({whole});
    auto const wants = session.sent<wire::Want>(whole);
    REQUIRE(wants.size() == 1);
    CHECK(wants[0].bundle == bundle);
    CHECK(wants[0].content == bundle.front());
    CHECK(wants[0].chunks == Chunks{0});
    CHECK(wants[0].credit == 100);
    CHECK_FALSE(wants[0].swarm);
    CHECK(wants[0].serves == 0);
    session.store(whole, 0);
    session.pass(100ms);
    CHECK(session.core->download().progress(session.now).bytes_stored == 100);
    CHECK(session.sent<wire::Have>(whole).empty());
    CHECK(session.announced.empty());
}

TEST_CASE("What is not a bundle is asked for without one") {
    SinkSide session(1);
    session.begin({whole});
    REQUIRE(session.sent<wire::Want>(whole).size() == 1);
    CHECK(session.sent<wire::Want>(whole)[0].bundle.empty());
}

TEST_CASE("A bundle that is refused is asked of another source as the same bundle") {
    std::vector<wire::ContentId> bundle(2);
    bundle[1].bytes[0] = 1;
    constexpr SourceId other{3};
    SinkSide session(1, {}, 0, bundle);
    for (auto const source : {whole, other}) {
        session.core->add_source(session.now, {source, "peer", "", 1, 0, 1.0});
    }
    session.core->start(session.now, 0);
    session.take();
    REQUIRE(session.sends.size() == 1);
    auto const first = session.sends[0].to;
    auto const transfer = session.open_at(first);
    CHECK(session.core->on_word(session.now, first,
                                wire::Refused{transfer, wire::ErrorCode::not_found, "gone"}));
    session.take();
    auto const wants = session.sent<wire::Want>(first == whole ? other : whole);
    REQUIRE(wants.size() == 1);
    CHECK(wants[0].bundle == bundle);
    CHECK(wants[0].transfer != transfer);
}
