#include "catch.hpp"

#include <xfsbus/swarm/push_plan.hpp>

#include <functional>
#include <map>
#include <random>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace std::chrono_literals;

namespace {

using State = PushPlan::State;
using WireState = wire::PushState;

constexpr std::uint64_t size = 1'000'000;
constexpr wire::Duration patience = 60s;

wire::Endpoint peer_at(std::size_t number) {
    return {"10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250), 7471};
}

std::vector<wire::Endpoint> peers(std::size_t count) {
    std::vector<wire::Endpoint> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(peer_at(i));
    }
    return all;
}

PushPlan::Options options(std::optional<std::size_t> number = std::nullopt, std::size_t files = 1) {
    return {number, patience, std::vector<PushPlan::File>(files, {size, {}})};
}

/// How a peer answers.
struct Answer {
    enum class Kind { pushed, silence, failure, refusal } kind = Kind::pushed;
    wire::Pushed pushed{WireState::there, size, {}};
    std::optional<std::uint32_t> have = wire::complete_ppm;
};

Answer const silent{Answer::Kind::silence, {}, {}};

Answer says(WireState state, std::uint64_t bytes = 0, std::string reason = {}) {
    return {Answer::Kind::pushed, {state, bytes, std::move(reason)}, wire::complete_ppm};
}

PushPlan::Answer meaning_of(Answer const& answer, bool confirm) {
    switch (answer.kind) {
        case Answer::Kind::silence:
            return PushPlan::Silence{"no answer"};
        case Answer::Kind::failure:
            return PushPlan::Failure{"nonsense"};
        case Answer::Kind::refusal:
            return PushPlan::Refusal{"not from you"};
        default:
            return confirm ? PushPlan::Answer(PushPlan::Held{answer.have}) : answer.pushed;
    }
}

/// A push, and peers that answer each question at once.
struct World {
    explicit World(PushPlan::Options options) : plan(std::move(options)) {}

    using Peers = std::function<Answer(PushPlan::Ask const&)>;

    void answer(PushPlan::Ask const& ask, Answer const& answer) {
        plan.on_answer(now, ask, meaning_of(answer, ask.confirm));
    }

    /// Until nothing is left to do, or so much time has passed.
    void run(Peers const& peers, wire::Duration most = 24h) {
        auto const end = now + most;
        while (auto const due = plan.next_deadline()) {
            if (*due > end) {
                break;
            }
            now = std::max(now, *due);
            while (auto const ask = plan.next(now)) {
                ++asked[ask->peer];
                answer(*ask, peers(*ask));
            }
        }
        now = plan.next_deadline() ? end : now;
    }

    [[nodiscard]] std::size_t count(State state, std::size_t file = 0) const {
        return static_cast<std::size_t>(
            std::ranges::count(plan.rows(file), state, &PushPlan::Row::state));
    }

    /// Pairs of a peer and a file that are under way.
    [[nodiscard]] std::size_t open(std::size_t files) const {
        std::size_t all = 0;
        for (std::size_t file = 0; file < files; ++file) {
            all += count(State::asking, file) + count(State::waiting, file) +
                   count(State::fetching, file);
        }
        return all;
    }

    PushPlan plan;
    wire::Time now{1000s};
    std::map<std::size_t, std::size_t> asked;
};

}  // namespace

TEST_CASE("a push to all asks all at once, however many they are") {
    World world(options());
    CHECK(world.plan.on_look(world.now, peers(300)));
    std::size_t asked = 0;
    while (world.plan.next(world.now)) {
        ++asked;
    }
    CHECK(asked == 300);
    CHECK_FALSE(world.plan.idle());
}

TEST_CASE("each peer ends as it says, and the push when all have ended") {
    World world(options());
    world.plan.on_look(world.now, peers(4));
    world.run([](auto const& ask) -> Answer {
        switch (ask.peer) {
            case 0:
                return {};
            case 1:
                return says(WireState::refused, 0, "it takes no pushes");
            case 2:
                return says(WireState::failed, 5, "the disk is full");
            default:
                return {Answer::Kind::refusal, {}, {}};
        }
    });
    CHECK(world.plan.idle());
    CHECK(world.plan.file_over(0));
    auto const& rows = world.plan.rows(0);
    CHECK(rows[0].state == State::there);
    CHECK(rows[0].bytes == size);
    CHECK(rows[1].state == State::refused);
    CHECK(rows[2].state == State::failed);
    CHECK(rows[2].reason == "the disk is full");
    CHECK(rows[3].state == State::refused);
}

TEST_CASE("that it has the file is believed when a peer confirms the content, and not before") {
    auto const have = GENERATE(as<std::optional<std::uint32_t>>{}, std::nullopt, 0, 999'999);
    World world(options());
    world.plan.on_look(world.now, peers(1));
    auto answer = Answer{};
    answer.have = have;
    SECTION("never") {
        world.run([&](auto const&) { return answer; });
        CHECK(world.count(State::failed) == 1);
        CHECK_THAT(world.plan.rows(0)[0].reason, ContainsSubstring("it says"));
        CHECK(world.asked[0] == 2 * PushPlan::doubts_most);
    }
    SECTION("a little later") {
        std::size_t questions = 0;
        world.run([&](auto const&) { return ++questions < 5 ? answer : Answer{}; });
        CHECK(world.count(State::there) == 1);
    }
}

TEST_CASE("a peer that is away is waited for, and asked again when it is back") {
    World world(options());
    world.plan.on_look(world.now, peers(2));
    auto const back = world.now + patience - 2s;
    world.run(
        [&](auto const& ask) { return ask.peer == 0 || world.now >= back ? Answer{} : silent; });
    CHECK(world.count(State::there) == 2);
    CHECK(world.now < back + 2s);
}

TEST_CASE("a peer that does not come back within the patience is unreachable, for all files") {
    World world(options(std::nullopt, 100));
    world.plan.on_look(world.now, peers(2));
    auto const begin = world.now;
    world.run([&](auto const& ask) { return ask.peer == 0 ? Answer{} : silent; });
    CHECK(world.plan.idle());
    CHECK(world.now - begin < patience + 2s);
    for (std::size_t file = 0; file < 100; ++file) {
        CHECK(world.count(State::there, file) == 1);
        CHECK(world.count(State::failed, file) == 1);
    }
}

TEST_CASE("a peer that reboots begins anew, and is not taken for one that got no further") {
    World world(options());
    world.plan.on_look(world.now, peers(1));
    auto const begin = world.now;
    world.run([&](auto const&) {
        auto const time = world.now - begin;
        if (time < 9min) {
            return says(WireState::fetching, 900'000);
        }
        if (time < 9min + 30s) {
            return silent;
        }
        return time < 18min ? says(WireState::fetching, 0) : Answer{};
    });
    CHECK(world.count(State::there) == 1);
}

TEST_CASE("a peer that says for ever that it fetches is given up") {
    World world(options());
    world.plan.on_look(world.now, peers(3));
    std::uint64_t bytes = 0;
    auto const begin = world.now;
    world.run([&](auto const& ask) {
        if (ask.peer == 0) {
            return says(WireState::waiting);
        }
        if (ask.peer == 1) {
            return says(WireState::fetching, ++bytes % 1000);
        }
        return bytes % 2 == 0 ? says(WireState::fetching, bytes % 1000) : silent;
    });
    CHECK(world.plan.idle());
    CHECK(world.count(State::failed) == 3);
    CHECK(world.now - begin < (PushPlan::returns_most + 2) * PushPlan::stalled_most);
}

TEST_CASE("a peer that goes and comes back for ever is given up as one that got no further") {
    World world(options());
    world.plan.on_look(world.now, peers(1));
    auto const begin = world.now;
    bool away = false;
    world.run([&](auto const&) {
        away = !away;
        return away ? silent : says(WireState::fetching, 0);
    });
    CHECK(world.plan.idle());
    CHECK(world.count(State::failed) == 1);
    CHECK(world.now - begin < 2 * PushPlan::stalled_most);
}

TEST_CASE("a peer that counts bytes is given up: less than a chunk is no progress") {
    World world(options());
    world.plan.on_look(world.now, peers(1));
    auto const begin = world.now;
    std::uint64_t bytes = 0;
    world.run([&](auto const&) { return says(WireState::fetching, ++bytes); });
    CHECK(world.plan.idle());
    CHECK(world.count(State::failed) == 1);
    CHECK(world.now - begin < 2 * PushPlan::stalled_most);
}

TEST_CASE("who is away is not waited for once others have the file, and still is for other files") {
    World world(options(1, 2));
    world.plan.on_look(world.now, peers(2));
    auto const begin = world.now;
    world.run([&](auto const& ask) {
        if (ask.peer == 0) {
            return world.now - begin < 5s ? silent : Answer{};
        }
        return ask.file == 0 ? Answer{} : says(WireState::refused);
    });
    CHECK(world.plan.satisfied());
    CHECK(world.count(State::there, 0) == 1);
    CHECK(world.count(State::failed, 0) == 1);
    CHECK(world.count(State::there, 1) == 1);
    CHECK(world.count(State::refused, 1) == 1);
}

TEST_CASE("a peer that gets a chunk now and then is waited for") {
    World world(options());
    world.plan.on_look(world.now, peers(1));
    auto const begin = world.now;
    world.run([&](auto const&) {
        auto const chunks = static_cast<std::uint64_t>((world.now - begin) / 9min);
        return chunks < 3 ? says(WireState::fetching, chunks * 262'144) : Answer{};
    });
    CHECK(world.count(State::there) == 1);
}

TEST_CASE("a push to a number asks those first that are said to have it") {
    auto with_holder = options(1);
    with_holder.files[0].holders = {peer_at(7)};
    World world(with_holder);
    world.plan.on_look(world.now, peers(10));
    world.run([](auto const&) { return Answer{}; });
    CHECK(world.plan.satisfied());
    REQUIRE(world.plan.rows(0).size() == 1);
    CHECK(world.plan.peer(world.plan.rows(0)[0].peer).endpoint == peer_at(7));
}

TEST_CASE("for each that refuses, fails or is away the next one is asked") {
    World world(options(3));
    world.plan.on_look(world.now, peers(8));
    auto const begin = world.now;
    world.run([](auto const& ask) -> Answer {
        switch (ask.peer) {
            case 0:
                return says(WireState::refused);
            case 1:
                return says(WireState::failed);
            case 2:
                return silent;
            default:
                return {};
        }
    });
    CHECK(world.plan.satisfied());
    CHECK(world.now - begin < 5s);  // nobody waits for the one that is away
    CHECK(world.count(State::there) == 3);
    CHECK(world.count(State::failed) == 2);
    CHECK(world.plan.rows(0).size() == 6);
}

TEST_CASE("a push to more than there are is not satisfied, until others come") {
    World world(options(3));
    world.plan.on_look(world.now, peers(2));
    world.run([](auto const&) { return Answer{}; });
    CHECK(world.plan.idle());
    CHECK_FALSE(world.plan.satisfied());
    CHECK(world.plan.on_look(world.now, peers(3)));
    CHECK_FALSE(world.plan.idle());
    world.run([](auto const&) { return Answer{}; });
    CHECK(world.plan.satisfied());
}

TEST_CASE("who comes later is asked for all files, and who is named again is not asked again") {
    World world(options(std::nullopt, 20));
    world.plan.on_look(world.now, peers(2));
    world.run([](auto const&) { return Answer{}; });
    CHECK(world.plan.idle());
    CHECK_FALSE(world.plan.on_look(world.now, peers(1)));
    CHECK(world.plan.peer(0).listed);
    CHECK_FALSE(world.plan.peer(1).listed);
    CHECK(world.plan.on_look(world.now, peers(3)));
    world.run([](auto const&) { return Answer{}; });
    for (std::size_t file = 0; file < 20; ++file) {
        CHECK(world.count(State::there, file) == 3);
    }
}

TEST_CASE("a peer is asked for a few files at a time") {
    World world(options(std::nullopt, 100));
    world.plan.on_look(world.now, peers(1));
    std::size_t asked = 0;
    while (auto const ask = world.plan.next(world.now)) {
        world.plan.on_answer(world.now, *ask, wire::Pushed{WireState::fetching, 0, {}});
        ++asked;
    }
    CHECK(asked == PushPlan::files_at_once);
}

TEST_CASE("who finds no room is asked before the others when there is some") {
    World world(options());
    world.plan.on_look(world.now, peers(2));
    auto const first = world.plan.next(world.now);
    world.plan.on_no_room(world.now, *first);
    world.now += 1s;
    CHECK(world.plan.next(world.now)->peer == first->peer);
}

TEST_CASE("what a tracker and peers say can make a push grow so far and no further") {
    World world(options(std::nullopt, 20));
    auto const many = PushPlan::pairs_most / 20 + 500;
    world.plan.on_look(world.now, peers(many));
    CHECK(world.plan.left_out() == 500);
    CHECK(world.open(20) <= PushPlan::open_most + PushPlan::files_at_once);
    auto const ask = world.plan.next(world.now);
    world.plan.on_answer(world.now, *ask,
                         wire::Pushed{WireState::failed, 0, std::string(1024, 'x')});
    CHECK(world.plan.rows(ask->file)[0].reason.size() == PushPlan::reason_bytes);
}

TEST_CASE("an answer to a question of a pair that is over means nothing") {
    World world(options(std::nullopt, 2));
    world.plan.on_look(world.now, peers(1));
    auto const first = world.plan.next(world.now);
    auto const second = world.plan.next(world.now);
    world.now += patience;
    world.plan.on_answer(world.now, *first, PushPlan::Silence{"no answer"});
    CHECK(world.plan.idle());
    world.plan.on_answer(world.now, *second, wire::Pushed{WireState::there, size, {}});
    world.plan.on_answer(world.now, *second, PushPlan::Held{wire::complete_ppm});
    CHECK(world.count(State::failed, 1) == 1);
}

TEST_CASE("a push ends, and as its peers stand, whatever they answer in whatever order") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        auto const number =
            seed % 3 == 0 ? std::optional<std::size_t>(1 + random() % 6) : std::nullopt;
        auto const files = 1 + random() % 12;
        World world(options(number, files));
        world.plan.on_look(world.now, peers(1 + random() % 10));
        world.run([&](auto const&) -> Answer {
            switch (random() % 12) {
                case 0:
                    return says(WireState::refused);
                case 1:
                    return says(WireState::failed);
                case 2:
                    return {Answer::Kind::failure, {}, {}};
                case 3:
                case 4:
                    return silent;
                case 5:
                    return {Answer::Kind::pushed, {WireState::there, 1, {}}, 3};
                case 6:
                    return {};
                default:
                    return says(WireState::fetching, random() % size);
            }
        });
        CHECK(world.plan.idle());
        CHECK(world.open(files) == 0);
        for (std::size_t file = 0; world.plan.idle() && file < 1; ++file) {
            CHECK(world.plan.file_over(file));
            CHECK((!number || world.count(State::there) <= *number + 10));
        }
    }
}
