// The list of all peers' files, and what changes of it, over loopback.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

/// Of a file: what a subscription tells of it next; what it says of others is dropped.
ListingChanged next_of(EventQueue const& events, std::string const& name) {
    while (auto event = events.wait(patience)) {
        auto* const changed = std::get_if<ListingChanged>(&*event);
        if (changed != nullptr && changed->file.name == name) {
            return std::move(*changed);
        }
    }
    throw std::runtime_error("nothing was told of " + name);
}

/// What a subscription tells next of a peer that listens at this port.
PeerChanged next_of_port(EventQueue const& events, std::uint16_t port) {
    while (auto event = events.wait(patience)) {
        auto* const changed = std::get_if<PeerChanged>(&*event);
        if (changed != nullptr && changed->peer.port == port) {
            return std::move(*changed);
        }
    }
    throw std::runtime_error("nothing was told of the peer at " + std::to_string(port));
}

std::uint16_t port_of(Peer& peer) {
    return peer.status(patience).value().port;
}

/// A directory with a file.
struct WatchedFolder : TempDir {
    WatchedFolder() { write_file(path() / "there.bin", 1000); }
};

struct Watched {
    RunningTracker tracker;
    WatchedFolder share;
    TempDir downloads;
    std::unique_ptr<Peer> source = source_of(tracker, share.path());
    std::unique_ptr<Peer> sut = sink_of(tracker, downloads.path());
};

}  // namespace

TEST_CASE("The list names the files of all peers that match, with those who have them") {
    Watched fixture;
    TempDir other;
    write_file(other.path() / "there.bin", 1000);
    write_file(other.path() / "a.txt", 10);
    auto const second = source_of(fixture.tracker, other.path());

    auto const files = fixture.sut->list("*.bin", patience);
    REQUIRE(files);
    REQUIRE(files->size() == 1);
    CHECK(files->front().name == "there.bin");
    CHECK(files->front().size == 1000);
    CHECK(files->front().complete == 2);
    CHECK(files->front().partial == 0);
    CHECK(files->front().content.size() == 64);
    CHECK(fixture.sut->list("**", patience).value().size() == 2);
    CHECK(fixture.sut->list("nothing*", patience).value().empty());
}

TEST_CASE("A subscription tells of what is there, appears, changes and goes at another peer") {
    Watched fixture;
    auto const events = fixture.sut->lasting_events().value();
    auto const job = fixture.sut->start_subscribe("**");
    auto const there = next_of(events, "there.bin");
    CHECK(there.job == job.id());
    CHECK(there.what == ListingChange::there);

    write_file(fixture.share.path() / "new.bin", 10);
    auto const appeared = next_of(events, "new.bin");
    CHECK(appeared.what == ListingChange::appeared);
    CHECK(appeared.file.size == 10);
    CHECK(appeared.file.complete == 1);

    write_file(fixture.share.path() / "new.bin", 20);
    auto changed = next_of(events, "new.bin");
    while (changed.file.size != 20) {  // the file may be seen while it is written
        changed = next_of(events, "new.bin");
    }
    CHECK(changed.what == ListingChange::changed);

    std::filesystem::remove(fixture.share.path() / "new.bin");
    while (next_of(events, "new.bin").what != ListingChange::gone) {
    }

    fixture.source.reset();
    CHECK(next_of(events, "there.bin").what == ListingChange::gone);
    job.cancel();
    REQUIRE(job.wait(patience));
    REQUIRE(*job.result());
    CHECK((*job.result())->empty());
}

TEST_CASE("A subscription outlives its tracker, and tells only what is another thing after it") {
    Watched fixture;
    write_file(fixture.share.path() / "second.bin", 10);
    REQUIRE(fixture.source->update_list(patience));
    auto const events = fixture.sut->lasting_events().value();
    auto const job = fixture.sut->start_subscribe("*");
    next_of(events, "second.bin");
    next_of(events, "there.bin");

    fixture.tracker.stop();
    std::filesystem::remove(fixture.share.path() / "second.bin");
    fixture.tracker.start_again();
    write_file(fixture.share.path() / "third.bin", 10);

    std::set<std::string> told;
    std::set<std::string> const expected = {"second.bin", "third.bin"};
    while (told != expected) {
        auto const event = events.wait(patience);
        REQUIRE(event);
        if (auto const* changed = std::get_if<ListingChanged>(&*event)) {
            told.insert(changed->file.name);
            CHECK(changed->file.name != "there.bin");
        }
    }
    CHECK_FALSE(job.done());
}

TEST_CASE("A subscription to peers tells of those that are there, appear and go, and of no file") {
    Watched fixture;
    auto const events = fixture.sut->lasting_events().value();
    auto const job = fixture.sut->start_subscribe(SubscribeRequest{.peers = true});
    auto const source = port_of(*fixture.source);
    auto const there = next_of_port(events, source);
    CHECK(there.job == job.id());
    CHECK(there.what == PeerChange::there);
    CHECK(there.peer.host == "127.0.0.1");
    CHECK(there.peer.id.size() == 32);
    CHECK_FALSE(there.peer.self);

    TempDir other;
    auto second = sink_of(fixture.tracker, other.path());
    auto const port = port_of(*second);
    auto const appeared = next_of_port(events, port);
    CHECK(appeared.what == PeerChange::appeared);
    CHECK(appeared.peer.id != there.peer.id);
    second.reset();
    auto const gone = next_of_port(events, port);
    CHECK(gone.what == PeerChange::gone);
    CHECK(gone.peer.id == appeared.peer.id);
    job.cancel();
    REQUIRE(job.wait(patience));
    CHECK(job.result()->value().empty());
}

TEST_CASE("A subscription to both tells of a peer, and then of its files") {
    Watched fixture;
    auto const events = fixture.sut->lasting_events().value();
    auto const job = fixture.sut->start_subscribe(SubscribeRequest{.files = "*", .peers = true});
    next_of_port(events, port_of(*fixture.source));
    CHECK(next_of(events, "there.bin").job == job.id());
}

TEST_CASE(
    "A subscription to peers outlives its tracker, and tells only who is not there any more") {
    Watched fixture;
    TempDir other;
    auto second = sink_of(fixture.tracker, other.path());
    auto const lost = port_of(*second);
    auto const kept = port_of(*fixture.source);
    auto const events = fixture.sut->lasting_events().value();
    auto const job = fixture.sut->start_subscribe(SubscribeRequest{.peers = true});
    std::set<std::uint16_t> known;
    while (!known.contains(lost) || !known.contains(kept)) {
        auto const event = events.wait(patience);
        REQUIRE(event);
        if (auto const* changed = std::get_if<PeerChanged>(&*event)) {
            known.insert(changed->peer.port);
        }
    }

    fixture.tracker.stop();
    second.reset();
    fixture.tracker.start_again();
    auto const first = [&] {
        while (true) {
            auto const event = events.wait(patience);
            REQUIRE(event);
            auto const* changed = std::get_if<PeerChanged>(&*event);
            if (changed != nullptr && changed->what != PeerChange::there) {
                return *changed;
            }
        }
    }();
    CHECK(first.what == PeerChange::gone);
    CHECK(first.peer.port == lost);
    CHECK_FALSE(job.done());
}

TEST_CASE("A subscription to nothing is refused") {
    Watched fixture;
    auto const job = fixture.sut->start_subscribe(SubscribeRequest{});
    REQUIRE(job.wait(patience));
    CHECK(job.result()->error().code == Errc::usage);
}

TEST_CASE("The end of a peer ends its subscriptions") {
    Watched fixture;
    auto const job = fixture.sut->start_subscribe("**");
    fixture.sut.reset();
    CHECK(job.wait(patience));
}

TEST_CASE("A pattern that is empty, or too long, is refused") {
    Watched fixture;
    for (auto const& pattern : {std::string(), std::string(257, '*')}) {
        auto const files = fixture.sut->list(pattern, patience);
        REQUIRE_FALSE(files);
        CHECK(files.error().code == Errc::usage);
        auto const job = fixture.sut->start_subscribe(pattern);
        REQUIRE(job.wait(patience));
        CHECK(job.result()->error().code == Errc::usage);
    }
}
