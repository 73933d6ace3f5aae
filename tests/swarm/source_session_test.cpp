// What a SourceSession tells whom, and when.
#include "uploads_fixture.hpp"

#include <xfsbus/swarm/source_session.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <iterator>
#include <optional>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Of content 2 eight chunks; of 20 to 89 one each, of as many bytes; of 90 as much as a bundle may
/// have.
Content whole_here(wire::ContentId const& id) {
    auto const number = id.bytes[0];
    if (number == 2) {
        return content(8, 100, 2);
    }
    if (number == 90) {
        return content(1, wire::limits::bundle_bytes, number);
    }
    return number >= 20 && number < 90 ? content(1, number, number) : nullptr;
}

/// A session of a peer that has a part of content 1, and all of content 2 and of some small ones.
struct SourceSide {
    SourceSide() : core(plain_limits(), 1, [](auto const& id) { return whole_here(id); }) {
        REQUIRE(core.partials().add(here));
    }

    /// From the sink at this host.
    void want(std::uint32_t number, std::string const& host, std::uint32_t of,
              Chunks const& chunks = {}, std::uint16_t serves = 0) {
        wire::Want want;
        want.transfer = transfer(number);
        want.content = content_id(of);
        want.port = 5;
        want.credit = 800;
        want.chunks = chunks;
        want.swarm = true;
        want.serves = serves;
        core.on_word(now, {host, host}, wire::Request{{want}});
        take();
    }

    /// Several small ones as one.
    void want_bundle(std::uint32_t number, std::vector<std::uint32_t> const& of,
                     std::string const& host = "10.0.0.1") {
        wire::Want want;
        want.transfer = transfer(number);
        want.content = content_id(of.front());
        std::ranges::transform(of, std::back_inserter(want.bundle), content_id);
        want.port = 5;
        want.credit = wire::limits::bundle_bytes;
        want.chunks = {0};
        want.serves = 7000;
        core.on_word(now, {host, host}, wire::Request{{want}});
        take();
    }

    void take() {
        auto actions = core.take_actions();
        std::ranges::move(actions.begun, std::back_inserter(begun));
        std::ranges::move(actions.refused, std::back_inserter(refused));
        std::ranges::move(actions.sends, std::back_inserter(sends));
        std::ranges::move(actions.fellows, std::back_inserter(fellows));
        std::ranges::move(actions.doubted, std::back_inserter(doubted));
    }

    void pass(std::chrono::milliseconds time) {
        for (auto const end = now + time; now < end;) {
            now += 1ms;
            core.on_tick(now);
            take();
        }
    }

    template <typename Message>
    [[nodiscard]] std::vector<Message> sent() const {
        std::vector<Message> all;
        for (auto const& send : sends) {
            if (auto const* const message = std::get_if<Message>(&send.message)) {
                all.push_back(*message);
            }
        }
        return all;
    }

    wire::Time now{1000s};
    Content here = content_of(1, content(8)->layout(), ChunkSet(8));
    SourceSession core;
    std::vector<SourceSession::Begun> begun;
    std::vector<SourceSession::Notice> refused;
    std::vector<SourceSession::Send> sends;
    std::vector<SourceSession::Fellow> fellows;
    std::vector<wire::ContentId> doubted;
};

}  // namespace

TEST_CASE("chunks go to where the sink's own connection comes from, whatever it says") {
    SourceSide session;
    session.want(1, "10.0.0.1", 2, {0});
    REQUIRE(session.begun.size() == 1);
    CHECK(session.begun[0].sink == wire::Endpoint{"10.0.0.1", 5});
    CHECK(session.begun[0].bytes == 800);
    auto const piece = session.core.next_read(session.now);
    REQUIRE(piece);
    CHECK(piece->sink == wire::Endpoint{"10.0.0.1", 5});
}

TEST_CASE("what is gained within 50 ms is told at once") {
    SourceSide session;
    session.want(1, "10.0.0.1", 1);
    session.pass(50ms);  // it is told that nothing is here
    session.sends.clear();
    session.here->gained(3);
    session.pass(30ms);
    session.here->gained(5);
    session.pass(19ms);
    CHECK(session.sent<wire::Have>().empty());
    session.pass(1ms);
    auto const told = session.sent<wire::Have>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].chunks == Chunks{3, 5});
}

TEST_CASE("what is whole by now is not followed any more, and goes on being served") {
    SourceSide session;
    session.want(1, "10.0.0.1", 1);
    session.core.partials().remove(content_id(1));
    session.here->gained(3);
    session.pass(40ms);
    CHECK(session.refused.empty());
    CHECK(session.core.partials().find(content_id(1)) == nullptr);
    CHECK(session.core.partials().add(session.here));
}

TEST_CASE("a content is offered for one download at a time") {
    SourceSide session;
    CHECK_FALSE(session.core.partials().add(content_of(1, session.here->layout(), ChunkSet(8))));
    CHECK(session.core.partials().find(content_id(1)) == session.here);
}

TEST_CASE("what is given up is refused to those that fetch it") {
    SourceSide session;
    session.want(1, "10.0.0.1", 1);
    session.want(2, "10.0.0.2", 2);
    session.core.partials().remove(content_id(1));
    session.core.withdraw(content_id(1), "given up");
    session.take();
    REQUIRE(session.refused.size() == 1);
    CHECK(session.refused[0].route == "10.0.0.1");
    CHECK(session.refused[0].refused.code == ErrorCode::gone);
    session.want(3, "10.0.0.1", 1);
    CHECK(session.refused.back().refused.code == ErrorCode::not_found);
}

TEST_CASE("what was whole and is here no more is refused to those that fetch it") {
    SourceSide session;
    session.want(1, "10.0.0.1", 1);
    session.want(2, "10.0.0.2", 2);
    session.core.withdraw(content_id(2), "not shared any more");
    session.take();
    REQUIRE(session.refused.size() == 1);
    CHECK(session.refused[0].route == "10.0.0.2");
    CHECK(session.refused[0].refused.code == ErrorCode::gone);
    CHECK(session.core.uploads().transfers.size() == 1);
}

TEST_CASE("a sink that serves what it has is named as a source, once for a transfer") {
    SourceSide session;
    session.want(1, "10.0.0.1", 1, {}, 7000);
    session.want(1, "10.0.0.1", 1, {}, 7000);
    session.want(2, "10.0.0.2", 1);
    REQUIRE(session.fellows.size() == 1);
    CHECK(session.fellows[0].content == content_id(1));
    CHECK(session.fellows[0].listens == wire::Endpoint{"10.0.0.1", 7000});
}

TEST_CASE("sinks are sent a Ping every second, as long as there are any") {
    SourceSide session;
    session.want(1, "10.0.0.1", 2);
    session.want(2, "10.0.0.2", 2);
    session.pass(999ms);
    CHECK(session.sent<wire::Ping>().empty());
    session.pass(1ms);
    CHECK(session.sent<wire::Ping>().size() == 2);
    session.core.on_word(session.now, {"10.0.0.1", {}}, wire::Close{{transfer(1)}, false});
    session.core.on_word(session.now, {"10.0.0.2", {}}, Uploads::Gone{});
    session.pass(1s);
    session.sends.clear();
    session.pass(2s);
    CHECK(session.sent<wire::Ping>().empty());
    CHECK_FALSE(session.core.next_deadline(session.now));
}

TEST_CASE("only the sink of a transfer can say that its bytes are wrong") {
    SourceSide session;
    session.want(1, "10.0.0.1", 2);
    session.core.on_word(session.now, {"10.0.0.2", {}}, wire::Close{{transfer(1)}, true});
    session.take();
    CHECK(session.doubted.empty());
    session.core.on_word(session.now, {"10.0.0.1", {}}, wire::Close{{transfer(1)}, true});
    session.take();
    CHECK(session.doubted == std::vector{content_id(2)});
}

TEST_CASE("all transfers to a sink that cannot be sent anything end, and no others") {
    SourceSide session;
    session.want(1, "10.0.0.1", 2);
    session.want(2, "10.0.0.1", 1);
    session.want(3, "10.0.0.2", 2);
    session.core.refuse_sink({"10.0.0.1", 5});
    session.take();
    CHECK(session.refused.size() == 2);
    CHECK(session.core.uploads().transfers.size() == 1);
    for (auto const& notice : session.refused) {
        CHECK(notice.refused.code == ErrorCode::busy);
        CHECK(notice.route == "10.0.0.1");
    }
}

// ---- bundles ----

TEST_CASE("the small contents of a bundle are one chunk of one transfer") {
    SourceSide session;
    session.want_bundle(7, {20, 21, 22});
    CHECK(session.refused.empty());
    REQUIRE(session.begun.size() == 1);
    CHECK(session.begun[0].bytes == 63);
    CHECK(session.begun[0].bundle == std::vector{content_id(20), content_id(21), content_id(22)});
    auto const piece = session.core.next_read(session.now);
    REQUIRE(piece);
    CHECK(piece->chunk == 0);
    CHECK(piece->offset == 0);
    CHECK(piece->length == 63);
    CHECK_FALSE(session.core.next_read(session.now));
    CHECK(session.core.uploads().transfers.size() == 1);
    CHECK(session.fellows.empty());
}

TEST_CASE("a bundle with something that is not whole here is refused, and so is one too large") {
    SourceSide session;
    auto const refusal = [&](std::vector<std::uint32_t> const& of) {
        session.refused.clear();
        session.want_bundle(7, of);
        return session.refused.empty() ? std::optional<ErrorCode>()
                                       : session.refused[0].refused.code;
    };
    CHECK(refusal({20, 3}) == ErrorCode::not_found);
    CHECK(refusal({20, 1}) == ErrorCode::not_found);  // only a part of it is here
    CHECK(refusal({20, 90}) == ErrorCode::not_found);
    CHECK(session.core.uploads().transfers.size() == 0);
    CHECK_FALSE(refusal({90}));  // as much as may be
}

TEST_CASE("a bundle is no transfer of its first content, whatever is said of that") {
    SourceSide session;
    session.want_bundle(7, {2, 20});
    session.want(8, "10.0.0.2", 2, {7});
    CHECK(session.core.uploads().transfers_of(content_id(2)) == std::vector{transfer(8)});
    session.want(7, "10.0.0.1", 2, {7});
    REQUIRE(session.refused.size() == 1);
    CHECK(session.refused[0].refused.code == ErrorCode::bad_message);
    CHECK(session.core.uploads().transfers.size() == 1);
}

TEST_CASE("what a bundle consists of counts as memory of its host as long as it is open") {
    SourceSide session;
    session.want(8, "10.0.0.1", 20);
    auto const one = session.core.uploads().memory;
    session.want_bundle(7, {20, 21, 22, 23});
    CHECK(session.core.uploads().memory >= 2 * one + 4 * sizeof(wire::ContentId));
    session.core.on_word(session.now, {"10.0.0.1", {}}, wire::Close{{transfer(7)}, false});
    CHECK(session.core.uploads().memory == one);
}
