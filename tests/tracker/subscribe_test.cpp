#include "subscriber.hpp"

// Who subscribes hears of every file that appears, changes and goes, however late it asks.

using namespace xfsbus;
using namespace xfsbus::tracker::test;
using tracker::Directory;

namespace {

Subscriber::Known one(std::string name, std::uint32_t content, unsigned complete,
                      unsigned partial = 0) {
    return {{{std::move(name), content_id(content)}, {complete, partial}}};
}

Directory::Limits small(std::size_t page, std::size_t change_bytes = std::size_t{16} << 20) {
    Directory::Limits limits;
    limits.changes_files = page;
    limits.change_bytes = change_bytes;
    return limits;
}

}  // namespace

TEST_CASE("the first question is answered at once by the files that match") {
    Simulated world;
    world.join(1, {file("a/x", 1), file("b/y", 2)});
    world.join(2, {part("a/x", 1, 500'000)});
    Subscriber subscriber(world, "a/*");
    auto const page = subscriber.ask_and_get();
    CHECK(page.begin);
    CHECK_FALSE(page.young);
    CHECK(page.epoch == epoch);
    CHECK(page.next.empty());
    REQUIRE(page.files.size() == 1);
    CHECK(page.files[0] == wire::ListedFile{"a/x", content_id(1), 1000, 1, 1});
}

TEST_CASE("a list of several pages has each file once, in order, and begins once") {
    Simulated world(small(3));
    std::vector<wire::FileEntry> files;
    for (std::uint32_t i = 0; i < 10; ++i) {
        files.push_back(file("f" + std::to_string(i), i));
    }
    world.join(1, files);
    Subscriber subscriber(world, "*");
    subscriber.list();
    CHECK(subscriber.known.size() == 10);
    CHECK(subscriber.lists == 1);
}

TEST_CASE("a question for changes waits until something that matches has changed") {
    Simulated world;
    world.join(1);
    Subscriber subscriber(world, "a/*");
    subscriber.list();
    subscriber.ask();
    world.update(1, 1, {file("b/other")});
    world.pass(1s);
    CHECK_FALSE(subscriber.answer());
    world.update(1, 2, {file("a/x", 7)});
    world.pass(gathering - 1ns);
    CHECK_FALSE(subscriber.answer());
    world.pass(1ns);
    REQUIRE(subscriber.answer());
    CHECK(subscriber.known == one("a/x", 7, 1));
}

TEST_CASE("changes that come together are told together, each file as it is then") {
    Simulated world;
    world.join(1);
    Subscriber subscriber(world, "**");
    subscriber.list();
    subscriber.ask();
    world.update(1, 1, {file("a", 1), file("b", 1)});
    world.update(1, 2, {}, {"a"});
    world.update(1, 3, {file("a", 1), file("c", 1)});
    world.pass(gathering);
    auto const changes = subscriber.answer();
    REQUIRE(changes);
    CHECK(changes->files.size() == 3);
    CHECK(subscriber.known.size() == 3);
}

TEST_CASE("a content that changes is told as one that is there and one that is gone") {
    Simulated world;
    world.join(1, {file("a", 1)});
    Subscriber subscriber(world, "a");
    subscriber.list();
    world.update(1, 2, {file("a", 2)});
    auto const changes = subscriber.ask_and_wait();
    CHECK(changes.files.size() == 2);
    CHECK(subscriber.known == one("a", 2, 1));
}

TEST_CASE("holders are counted as they come, complete what they have, and go") {
    Simulated world;
    world.join(1, {file("a", 1)});
    Subscriber subscriber(world, "a");
    subscriber.list();
    world.join(2, {part("a", 1, 300'000)});
    subscriber.ask_and_wait();
    CHECK(subscriber.known == one("a", 1, 1, 1));
    world.update(2, 2, {file("a", 1)});
    subscriber.ask_and_wait();
    CHECK(subscriber.known == one("a", 1, 2));
    world.send(route_of(1), wire::Leave{});
    subscriber.ask_and_wait();
    CHECK(subscriber.known == one("a", 1, 1));
}

TEST_CASE("more of a part is no change, and a swarm that has nothing yet is not told of") {
    Simulated world;
    world.join(1, {part("a", 1, 300'000)});
    Subscriber subscriber(world, "**");
    subscriber.list();
    subscriber.ask();
    world.update(1, 2, {part("a", 1, 600'000), part("b", 2, 0)});
    world.pass(1s);
    CHECK_FALSE(subscriber.answer());
}

TEST_CASE("what a peer had goes with its lease") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    Subscriber subscriber(world, "**");
    subscriber.list();
    subscriber.ask();
    world.pass(ttl + gathering);
    REQUIRE(subscriber.answer());
    CHECK(subscriber.known.empty());
}

TEST_CASE("what a peer that has left had is not listed, though not all of it is cleared away yet") {
    Directory::Limits limits;
    limits.clear_step = 1;
    Simulated world(limits);
    world.join(1, {file("a"), file("b"), file("c"), file("d")});
    Subscriber subscriber(world, "**");
    world.send(route_of(1), wire::Leave{});
    subscriber.list();
    CHECK(subscriber.known.empty());
}

TEST_CASE("a file that a whole list does not name any more is gone") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    Subscriber subscriber(world, "**");
    subscriber.list();
    world.send(route_of(1), wire::Update{epoch, 2, true, true, {file("b")}, {}});
    subscriber.ask_and_wait();
    CHECK(subscriber.known == one("b", 1, 1));
}

TEST_CASE("a question that waits in vain is answered with nothing, and goes on from there") {
    Simulated world;
    world.join(1, {}, true);
    Subscriber subscriber(world, "a/*");
    subscriber.list();
    auto const before = subscriber.question.sequence;
    subscriber.ask();
    world.update(1, 1, {file("b/other")});
    for (int i = 0; i < 10; ++i) {
        CHECK_FALSE(subscriber.answer());
        world.pass(Directory::question_time / 10);
        world.send(route_of(1), wire::Pong{});
    }
    auto const changes = subscriber.answer();
    REQUIRE(changes);
    CHECK(changes->files.empty());
    CHECK_FALSE(changes->begin);
    CHECK(changes->sequence > before);
    CHECK(world.directory.stats()[Counter::subscriptions] == 0);
}

TEST_CASE("what changes while the list is read is told after it") {
    Simulated world(small(2));
    world.join(1, {file("a"), file("b"), file("c"), file("d")});
    Subscriber subscriber(world, "*");
    subscriber.ask_and_get();
    world.update(1, 2, {file("a0")}, {"a"});
    while (!subscriber.question.after.empty()) {
        subscriber.ask_and_get();
    }
    subscriber.ask_and_wait();
    CHECK(subscriber.known.size() == 4);
    CHECK_FALSE(subscriber.known.contains({"a", content_id(1)}));
    CHECK(subscriber.known.contains({"a0", content_id(1)}));
    CHECK(subscriber.lists == 1);
}

TEST_CASE("who was away for a while hears of what has changed meanwhile, and of no more") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    Subscriber subscriber(world, "**");
    subscriber.list();
    world.directory.on_closed("sub", world.now);
    world.update(1, 2, {file("c", 3)});
    world.pass(1s);
    subscriber.sender.route = "another connection";
    auto const changes = subscriber.ask_and_wait();
    CHECK_FALSE(changes.begin);
    CHECK(changes.files.size() == 1);
    CHECK(subscriber.known.size() == 3);
}

TEST_CASE("who was away for too long gets the whole list again") {
    Simulated world(small(1024, 10 * 300));
    world.join(1, {file("a")});
    Subscriber subscriber(world, "a");
    subscriber.list();
    for (std::uint32_t i = 0; i < 20; ++i) {
        world.update(1, 2 + i, {file("other-" + std::to_string(i), i)});
    }
    world.update(1, 30, {file("a", 1)});
    CHECK(subscriber.ask_and_get().begin);
    CHECK(subscriber.known == one("a", 1, 1));
}

TEST_CASE("a question that waits and is overtaken by changes gets the whole list") {
    Simulated world(small(1024, 10 * 300));
    world.join(1);
    Subscriber subscriber(world, "z");
    subscriber.list();
    subscriber.ask();
    world.update(1, 1, {file("z", 5)});
    for (std::uint32_t i = 0; i < 20; ++i) {
        world.update(1, 2 + i, {file("other-" + std::to_string(i), i)});
    }
    world.pass(gathering);
    auto const changes = subscriber.answer();
    REQUIRE(changes);
    CHECK(changes->begin);
    CHECK(subscriber.known == one("z", 5, 1));
}

TEST_CASE("a cursor of another life of the tracker is answered by the whole list") {
    Simulated before;
    before.join(1, {file("a")});
    Subscriber subscriber(before, "**");
    subscriber.list();
    Simulated after({epoch + 1, 42, ttl, {}});
    after.send("sub", subscriber.question, 5);
    auto const changes = after.last<wire::Changes>("sub");
    CHECK(changes.begin);
    CHECK(changes.epoch == epoch + 1);
    CHECK(changes.files.empty());
}

TEST_CASE("a page in the midst of a list of another life is the first one of this") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    auto const after = wire::to_hex(content_id(1)) + "a";
    world.send("sub", wire::Subscribe{"*", after, epoch + 1, 3}, 5);
    auto const page = world.last<wire::Changes>("sub");
    CHECK(page.begin);
    CHECK(page.files.size() == 2);
}

TEST_CASE("who wants the list alone hands back no more than the cursor") {
    Simulated world(small(1));
    world.join(1, {file("a"), file("b")});
    world.send("sub", wire::Subscribe{"*", ""}, 5);
    auto const first = world.last<wire::Changes>("sub");
    world.send("sub", wire::Subscribe{"*", first.next}, 6);
    auto const second = world.last<wire::Changes>("sub");
    CHECK_FALSE(second.begin);
    REQUIRE(second.files.size() == 1);
    CHECK(second.files[0].name == "b");
    CHECK(second.next.empty());
}

TEST_CASE("a sequence that this tracker has not given is answered by the whole list") {
    Simulated world;
    world.join(1, {file("a")});
    world.send("sub", wire::Subscribe{"*", "", epoch, 1'000'000}, 5);
    CHECK(world.last<wire::Changes>("sub").begin);
}

TEST_CASE("a young tracker says so, and answers when it is no longer") {
    Directory::Options options{epoch, 42, ttl, {}};
    options.born = wire::Time{1000s};
    Simulated world(options);
    Subscriber subscriber(world, "**");
    CHECK(subscriber.ask_and_get().young);
    subscriber.ask();
    world.pass(ttl - 1ns);
    CHECK_FALSE(subscriber.answer());
    world.pass(1ns);
    auto const changes = subscriber.answer();
    REQUIRE(changes);
    CHECK_FALSE(changes->young);
}

TEST_CASE("a cursor that is none is refused") {
    Simulated world;
    for (std::string const cursor : {"x", "+00000000"}) {
        world.send("sub", wire::Subscribe{"*", cursor}, 5);
        world.expect_failure("sub", wire::ErrorCode::bad_message);
    }
    auto const within = "+00000000" + wire::to_hex(content_id(1)) + "a";
    world.send("sub", wire::Subscribe{"*", within}, 5);
    world.expect_failure("sub", wire::ErrorCode::bad_message);
}

TEST_CASE("a connection, a host and all together may have so many questions that wait") {
    auto limits = small(1024);
    limits.subscriptions = {4, 3, 2};
    Simulated world(limits);
    auto const busy = [&](std::string const& route, std::string const& host) {
        Subscriber subscriber(world, "*", {route, host});
        subscriber.list();
        subscriber.ask();
        return !world.all<wire::Failure>(route).empty();
    };
    CHECK_FALSE(busy("a", "10.0.0.1"));
    CHECK_FALSE(busy("a", "10.0.0.1"));
    CHECK(busy("a", "10.0.0.1"));
    CHECK_FALSE(busy("b", "10.0.0.1"));
    CHECK(busy("c", "10.0.0.1"));
    CHECK_FALSE(busy("d", "10.0.0.2"));
    CHECK(busy("e", "10.0.0.3"));
    CHECK(world.directory.stats()[Counter::subscriptions] == 4);
    world.directory.on_closed("a", world.now);
    CHECK(world.directory.stats()[Counter::subscriptions] == 2);
    CHECK_FALSE(busy("f", "10.0.0.3"));
}

TEST_CASE("who is far behind is answered at once, page by page") {
    Simulated world(small(100));
    world.join(1);
    Subscriber subscriber(world, "**");
    subscriber.list();
    std::vector<wire::FileEntry> files;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        files.push_back(file("f" + std::to_string(i), i));
    }
    world.update(1, 1, files);
    for (int i = 0; i < 7; ++i) {
        CHECK(subscriber.ask_and_get().files.size() == 100);
    }
    while (subscriber.known.size() < 1000) {
        REQUIRE_FALSE(subscriber.ask_and_wait().files.empty());
    }
    CHECK(subscriber.lists == 1);
}

TEST_CASE("one turn looks at so much and no more, and the other questions have the next ones") {
    auto limits = small(1024);
    limits.turn_work = 64 * 1024;
    Simulated world(limits);
    world.join(1);
    std::vector<Subscriber> subscribers;
    std::string const slow = "**a**a**a**a**a**a**a**a**a**a**a**a**a**a**b";
    for (int i = 0; i < 200; ++i) {
        auto const number = std::to_string(i);
        auto const pattern = i == 199 ? "aaa*" : slow;
        subscribers.emplace_back(world, pattern, wire::Sender{"s" + number, "10.0.1." + number});
        subscribers.back().list();
        subscribers.back().ask();
    }
    std::vector<wire::FileEntry> files;
    for (std::uint32_t i = 0; i < 100; ++i) {
        files.push_back(file(std::string(200, 'a') + std::to_string(i), i));
    }
    world.update(1, 1, files);
    world.now += gathering;
    int ticks = 0;
    while (!subscribers.back().answer()) {
        REQUIRE(world.directory.next_deadline() <= world.now);
        world.directory.on_tick(world.now);
        ++ticks;
    }
    CHECK(ticks > 20);
    CHECK(ticks <= 200);
    CHECK_FALSE(subscribers.back().known.empty());
}

TEST_CASE("nothing is remembered before somebody subscribes") {
    Simulated world;
    world.join(1, {file("a")});
    Subscriber subscriber(world, "*");
    subscriber.list();
    CHECK(subscriber.question.sequence == 0);
}
