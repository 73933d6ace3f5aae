#include "simulated.hpp"

using namespace xfsbus;
using namespace xfsbus::tracker::test;

namespace {

wire::Update batch(std::uint64_t sequence, bool begin, bool end,
                   std::vector<wire::FileEntry> added) {
    return {epoch, sequence, begin, end, std::move(added), {}};
}

}  // namespace

TEST_CASE("files can be found as soon as their Update is answered, and not once removed") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file("a"), file("b")});
    auto const updated = world.last<wire::Updated>(route_of(1));
    CHECK(updated.epoch == epoch);
    CHECK(updated.sequence == 1);
    CHECK(world.sources_of("a") == Numbers{1});
    world.update(1, 2, {}, {"a"});
    CHECK(world.sources_of("a").empty());
    CHECK(world.sources_of("b") == Numbers{1});
}

TEST_CASE("removing what is not there does no harm") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {}, {"never seen"});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 1);
}

TEST_CASE("a name that is removed and added by one Update is there afterwards") {
    Simulated world;
    world.join(1, {file("a", 1)});
    world.update(1, 2, {file("a", 2)}, {"a"});
    auto const found = world.find("a");
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].content == content_id(2));
}

TEST_CASE("of a name that one Update adds twice the last counts") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file("a", 1), file("b"), file("a", 2)});
    auto const found = world.find("a");
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].content == content_id(2));
    CHECK(world.directory.stats()[Counter::files] == 2);
    CHECK(world.directory.stats()[Counter::versions] == 2);
}

TEST_CASE("a peer has one content under a name: a new one replaces the old") {
    Simulated world;
    world.join(1, {file("a", 1)});
    world.join(2, {file("a", 1)});
    world.update(1, 2, {file("a", 2)});
    auto const found = world.find("a");
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[0].content == content_id(1));
    CHECK(found.files[0].sources.size() == 1);
    CHECK(found.files[1].content == content_id(2));
    CHECK(found.files[1].sources[0].peer == peer_id(1));
    CHECK(world.directory.stats()[Counter::files] == 2);
}

TEST_CASE("how much of a file a peer has is told, and can change") {
    Simulated world;
    auto part = file("a");
    part.have_ppm = 250'000;
    world.join(1, {part});
    CHECK(world.find("a").files.at(0).sources.at(0).have_ppm == 250'000);
    part.have_ppm = wire::complete_ppm;
    world.update(1, 2, {part});
    CHECK(world.find("a").files.at(0).sources.at(0).have_ppm == wire::complete_ppm);
    CHECK(world.directory.stats()[Counter::files] == 1);
}

TEST_CASE("an Update that comes twice is answered twice and applied once") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file("a")});
    world.update(1, 2, {}, {"a"});
    world.out.sent.clear();
    world.update(1, 2, {file("a")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 2);
    CHECK(world.sources_of("a").empty());
}

TEST_CASE("after a lost Update the whole list is asked for, until it comes") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file("a")});
    world.update(1, 3, {file("c")});
    world.expect_failure(route_of(1), wire::ErrorCode::resync);
    CHECK(world.sources_of("c").empty());
    world.update(1, 4, {file("d")});
    world.expect_failure(route_of(1), wire::ErrorCode::resync);
    world.send(route_of(1), batch(5, true, true, {file("b"), file("c")}));
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 5);
    CHECK(world.sources_of("a").empty());
    CHECK(world.sources_of("b") == Numbers{1});
    world.update(1, 6, {file("d")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 6);
}

TEST_CASE("Updates that come in the wrong order are not applied") {
    Simulated world;
    world.join(1);
    world.update(1, 2, {file("b")});
    world.expect_failure(route_of(1), wire::ErrorCode::resync);
    world.update(1, 1, {file("a")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 1);
    world.update(1, 2, {file("b")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 2);
}

TEST_CASE("an Update numbered 0 is refused") {
    Simulated world;
    world.join(1);
    world.update(1, 0, {file("a")});
    world.expect_failure(route_of(1), wire::ErrorCode::bad_message);
}

TEST_CASE("a heartbeat that tells of an Update never seen is answered with resync") {
    Simulated world;
    world.join(1, {file("a")});
    world.heartbeat(1, 1);
    world.last<wire::Alive>(route_of(1));
    world.heartbeat(1, 2, 5);
    world.expect_failure(route_of(1), wire::ErrorCode::resync);
}

TEST_CASE("a full list replaces the old one at its end, and the old is findable until then") {
    Simulated world;
    world.join(1, {file("old"), file("both")});
    world.send(route_of(1), batch(2, true, false, {file("both")}));
    world.send(route_of(1), batch(3, false, false, {file("new")}));
    CHECK(world.sources_of("old") == Numbers{1});
    CHECK(world.sources_of("new") == Numbers{1});
    world.send(route_of(1), batch(4, false, true, {file("last")}));
    CHECK(world.sources_of("old").empty());
    for (auto const* name : {"both", "new", "last"}) {
        CHECK(world.sources_of(name) == Numbers{1});
    }
    CHECK(world.directory.stats()[Counter::files] == 3);
}

TEST_CASE("a full list that begins again forgets what the unfinished one named") {
    Simulated world;
    world.join(1);
    world.send(route_of(1), batch(1, true, false, {file("a")}));
    world.send(route_of(1), batch(9, true, true, {file("b")}));
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 9);
    CHECK(world.sources_of("a").empty());
    CHECK(world.sources_of("b") == Numbers{1});
}

TEST_CASE("an empty full list removes everything") {
    Simulated world;
    world.join(1, {file("a"), file("b")});
    world.send(route_of(1), batch(2, true, true, {}));
    CHECK(world.directory.stats()[Counter::files] == 0);
    CHECK(world.directory.stats()[Counter::versions] == 0);
}

TEST_CASE("the end of a full list that never began is refused") {
    Simulated world;
    world.join(1, {file("a")});
    world.send(route_of(1), batch(2, false, true, {}));
    world.expect_failure(route_of(1), wire::ErrorCode::bad_message);
    CHECK(world.sources_of("a") == Numbers{1});
}

TEST_CASE("after registering again the numbers start anew and the files stay until the new list") {
    Simulated world;
    world.join(1, {file("a")});
    world.update(1, 2, {file("b")});
    world.send(route_of(1), world.registration(1));
    CHECK(world.sources_of("a") == Numbers{1});
    world.update(1, 3, {});
    world.expect_failure(route_of(1), wire::ErrorCode::resync);
    world.send(route_of(1), batch(1, true, true, {file("b")}));
    CHECK(world.sources_of("a").empty());
    CHECK(world.sources_of("b") == Numbers{1});
}

TEST_CASE("an Update with a bad name is refused as a whole, and the name is shown escaped") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file("good"), file("../\x1b[2Jevil")});
    auto const failure = world.last<wire::Failure>(route_of(1));
    CHECK(failure.code == wire::ErrorCode::bad_message);
    CHECK(failure.reason.find("evil") != std::string::npos);
    CHECK(failure.reason.find('\x1b') == std::string::npos);
    CHECK(world.sources_of("good").empty());
    world.update(1, 1, {file("good")}, {"/absolute"});
    world.expect_failure(route_of(1), wire::ErrorCode::bad_message);
    world.update(1, 1, {file("good")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 1);
}

TEST_CASE("the reason that names a bad name is short enough for the wire") {
    Simulated world;
    world.join(1);
    world.update(1, 1, {file(std::string(wire::limits::name_bytes, '\x01'))});
    auto const failure = world.last<wire::Failure>(route_of(1));
    CHECK(failure.reason.size() <= wire::limits::text_bytes);
}

TEST_CASE("a file of the greatest size is taken, a larger one refused") {
    Simulated world;
    world.join(1);
    auto large = file("large");
    large.size = wire::limits::file_bytes;
    world.update(1, 1, {large});
    CHECK(world.find("large").files.at(0).size == wire::limits::file_bytes);
    ++large.size;
    world.update(1, 2, {large});
    world.expect_failure(route_of(1), wire::ErrorCode::bad_message);
    large.size = 1;
    large.have_ppm = wire::complete_ppm + 1;
    world.update(1, 2, {large});
    world.expect_failure(route_of(1), wire::ErrorCode::bad_message);
}

TEST_CASE("a peer may have exactly as many files as the limit says") {
    tracker::Directory::Limits limits;
    limits.files_per_peer = 3;
    Simulated world(limits);
    world.join(1, {file("a"), file("b"), file("c")});
    world.update(1, 2, {file("d")});
    world.expect_failure(route_of(1), wire::ErrorCode::limit);
    world.update(1, 2, {file("c", 2)});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 2);
    world.update(1, 3, {}, {"a"});
    world.update(1, 4, {file("d")});
    CHECK(world.sources_of("d") == Numbers{1});
}

TEST_CASE("all peers together may have exactly as many files as the limit says") {
    tracker::Directory::Limits limits;
    limits.files = 3;
    Simulated world(limits);
    world.join(1, {file("a"), file("b")});
    world.join(2, {file("a")});
    world.update(2, 2, {file("b")});
    world.expect_failure(route_of(2), wire::ErrorCode::limit);
    world.send(route_of(1), wire::Leave{});
    world.update(2, 2, {file("b")});
    CHECK(world.last<wire::Updated>(route_of(2)).sequence == 2);
}

TEST_CASE("there may be exactly as many peers as the limit says") {
    tracker::Directory::Limits limits;
    limits.peers = 2;
    Simulated world(limits);
    world.join(1);
    world.join(2);
    world.send("r3", world.registration(3));
    world.expect_failure("r3", wire::ErrorCode::limit);
    world.out.gone.insert(route_of(1));
    world.send("r1", world.registration(1));
    world.last<wire::Registered>("r1");
    world.send("r1", wire::Leave{});
    world.join(3);
    CHECK(world.directory.stats()[Counter::peers] == 2);
}

TEST_CASE("what a peer and its files take is given back when they go") {
    Simulated world;
    auto const bytes = [&] { return world.directory.stats()[Counter::bytes]; };
    CHECK(bytes() == 0);
    world.join(1);
    auto const one_peer = bytes();
    CHECK(one_peer > 500);
    world.update(1, 1, {file("a"), file("b")});
    auto const two_files = bytes();
    CHECK(two_files > one_peer + 600);
    world.update(1, 2, {file("a", 2)}, {"b"});
    CHECK(bytes() == one_peer + (two_files - one_peer) / 2);
    world.send(route_of(1), wire::Leave{});
    CHECK(bytes() == 0);
}

TEST_CASE("a long name takes more than a short one, and a name that is there already less") {
    Simulated world;
    world.join(1);
    auto before = world.directory.stats()[Counter::bytes];
    auto const grown = [&] {
        auto const now = world.directory.stats()[Counter::bytes];
        return now - std::exchange(before, now);
    };
    world.update(1, 1, {file("a")});
    auto const shortest = grown();
    std::string const name = std::string(250, 'x') + "/" + std::string(250, 'y');
    world.update(1, 2, {file(name)});
    CHECK(grown() == shortest + 500);
    world.join(2);
    grown();
    world.update(2, 1, {file(name)});
    CHECK(grown() < shortest);
}

TEST_CASE("the last source of a version pays for it, whoever named it first") {
    Simulated world;
    world.join(1, {file("a")});
    auto const alone = world.directory.stats()[Counter::bytes];
    world.join(2, {file("a")});
    world.send(route_of(1), wire::Leave{});
    CHECK(world.directory.stats()[Counter::bytes] == alone);
    world.send(route_of(2), wire::Leave{});
    CHECK(world.directory.stats()[Counter::bytes] == 0);
}

TEST_CASE("files take exactly as many bytes as the limit says, and no more") {
    std::size_t full = 0;
    {
        Simulated world;
        world.join(1, {file("a"), file("b")});
        full = world.directory.stats()[Counter::bytes];
    }
    bool const of_one_host = GENERATE(false, true);
    tracker::Directory::Limits limits;
    (of_one_host ? limits.bytes_per_host : limits.bytes) = full;
    Simulated world(limits);
    world.join(1, {file("a"), file("b")});
    world.update(1, 2, {file("c")});
    world.expect_failure(route_of(1), wire::ErrorCode::limit);
    CHECK(world.last<wire::Failure>(route_of(1)).reason.find("--memory") != std::string::npos);
    world.update(1, 2, {file("a", 7)});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 2);
    world.update(1, 3, {file("long name")}, {"b"});
    world.expect_failure(route_of(1), wire::ErrorCode::limit);
    world.update(1, 3, {}, {"b"});
    world.update(1, 4, {file("c")});
    CHECK(world.last<wire::Updated>(route_of(1)).sequence == 4);
    CHECK(world.directory.stats()[Counter::bytes] == full);
    world.send("another", world.registration(2));
    world.expect_failure("another", wire::ErrorCode::limit);
}

TEST_CASE("one host cannot fill the tracker: another has room left") {
    tracker::Directory::Limits limits;
    limits.bytes_per_host = 100'000;
    Simulated world(limits);
    world.join(1);
    std::uint64_t sequence = 0;
    while (world.all<wire::Failure>(route_of(1)).empty()) {
        ++sequence;
        world.update(1, sequence, {file("name-" + std::to_string(sequence))});
    }
    CHECK(world.directory.stats()[Counter::bytes] <= limits.bytes_per_host);
    CHECK(sequence > 200);
    world.send("far", wire::Register{peer_id(2), {"", 2000}, 1000, ""}, 0, "10.0.0.2");
    world.send("far", wire::Update{epoch, 1, true, true, {file("mine")}, {}}, 0, "10.0.0.2");
    world.last<wire::Updated>("far");
    CHECK(world.sources_of("mine").size() == 1);
}

TEST_CASE("changing what others have, too, counts as well") {
    std::size_t full = 0;
    std::string const name(200, 'n');
    {
        Simulated world;
        world.join(1, {file(name)});
        world.join(2, {file(name)});
        full = world.directory.stats()[Counter::bytes];
    }
    tracker::Directory::Limits limits;
    limits.bytes = full;
    Simulated world(limits);
    world.join(1, {file(name)});
    world.join(2, {file(name)});
    world.update(2, 2, {file(name, 9)});
    world.expect_failure(route_of(2), wire::ErrorCode::limit);
}
