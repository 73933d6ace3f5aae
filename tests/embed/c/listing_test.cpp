// The files of all peers, and what changes of them, in C.
#include "client.hpp"

#include <filesystem>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

JobHandle begun_subscription(PeerHandle const& peer, char const* pattern) {
    xfsbus_job* job = nullptr;
    REQUIRE(xfsbus_peer_start_subscribe(peer.get(), pattern, &job, nullptr) == XFSBUS_OK);
    return JobHandle(job);
}

/// The next change that is of this kind; numbers of holders may change in between.
EventAnswer next_change(EventsHandle const& events, xfsbus_listing_change change) {
    while (true) {
        auto event = next(events, XFSBUS_EVENT_LISTING_CHANGED);
        if (event->change == change) {
            return event;
        }
    }
}

ListingAnswer listing_of(JobHandle const& job) {
    xfsbus_listing const* listing = nullptr;
    REQUIRE(xfsbus_job_listing(job.get(), patience_ms, &listing, nullptr) == XFSBUS_OK);
    return ListingAnswer(listing);
}

}  // namespace

TEST_CASE("A program in C lists the files of all peers in the order of their names") {
    Bus const bus;
    write_file(bus.share() / "b.bin", 2000);
    write_file(bus.share() / "a.bin", 1000);
    write_file(bus.share() / "c.txt", 10);
    auto const source = bus.source();
    auto const sink = bus.sink();

    xfsbus_listing const* made = nullptr;
    REQUIRE(xfsbus_peer_listing(sink.get(), "*.bin", patience_ms, &made, nullptr) == XFSBUS_OK);
    ListingAnswer const listing(made);
    REQUIRE(listing->items_count == 2);
    auto const& first = *listing->items[0];
    CHECK(first.size == sizeof first);
    CHECK(first.name == std::string("a.bin"));
    CHECK(first.bytes == 1000);
    CHECK(std::string(first.content).size() == 64);
    CHECK(first.complete == 1);
    CHECK(first.partial == 0);
    CHECK(listing->items[1]->name == std::string("b.bin"));

    xfsbus_job* begun = nullptr;
    REQUIRE(xfsbus_peer_start_list(sink.get(), "nothing*", &begun, nullptr) == XFSBUS_OK);
    CHECK(listing_of(JobHandle(begun))->items_count == 0);
}

TEST_CASE("A subscription in C tells of what is there, appears and goes, until it is cancelled") {
    Bus const bus;
    write_file(bus.share() / "a.bin", 1000);
    auto const source = bus.source();
    auto const sink = bus.sink();
    auto const events = events_of(sink);
    auto const job = begun_subscription(sink, "*.bin");

    auto const there = next_change(events, XFSBUS_LISTING_THERE);
    CHECK(there->job == xfsbus_job_id(job.get()));
    REQUIRE(there->listed != nullptr);
    CHECK(there->listed->name == std::string("a.bin"));
    CHECK(there->listed->complete == 1);

    write_file(bus.share() / "b.bin", 2000);
    CHECK(next_change(events, XFSBUS_LISTING_APPEARED)->listed->bytes == 2000);
    std::filesystem::remove(bus.share() / "a.bin");
    CHECK(next_change(events, XFSBUS_LISTING_GONE)->listed->name == std::string("a.bin"));

    CHECK(xfsbus_job_done(job.get()) == 0);
    xfsbus_job_cancel(job.get());
    auto const listing = listing_of(job);
    REQUIRE(listing->items_count == 1);
    CHECK(listing->items[0]->name == std::string("b.bin"));
    CHECK(next(events, XFSBUS_EVENT_JOB_DONE)->code == XFSBUS_OK);
}

TEST_CASE("A subscription to peers in C tells of those that are there, appear and go") {
    Bus const bus;
    auto const source = bus.source();
    auto const sink = bus.sink();
    auto const events = events_of(sink);
    auto request = zeroed<xfsbus_subscribe_request>();
    request.flags = XFSBUS_SUBSCRIBE_PEERS;
    xfsbus_job* begun = nullptr;
    REQUIRE(xfsbus_peer_start_subscription(sink.get(), &request, &begun, nullptr) == XFSBUS_OK);
    JobHandle const job(begun);
    auto const next_peer = [&](xfsbus_peer_change change) {
        while (true) {
            auto event = next(events, XFSBUS_EVENT_PEER_CHANGED);
            if (event->change == change) {
                return event;
            }
        }
    };
    auto const there = next_peer(XFSBUS_PEER_THERE);
    CHECK(there->job == xfsbus_job_id(job.get()));
    REQUIRE(there->peer != nullptr);
    CHECK(there->peer->size == sizeof *there->peer);
    CHECK(std::string(there->peer->id).size() == 32);
    CHECK(there->listed == nullptr);

    auto second = bus.sink();
    auto const appeared = next_peer(XFSBUS_PEER_APPEARED);
    second.reset();
    auto const gone = next_peer(XFSBUS_PEER_GONE);
    CHECK(gone->peer->id == std::string(appeared->peer->id));
    CHECK(gone->peer->port == appeared->peer->port);
}

TEST_CASE("A subscription in C may be about files and peers, but not about nothing") {
    Bus const bus;
    write_file(bus.share() / "a.bin", 1000);
    auto const source = bus.source();
    auto const sink = bus.sink();
    auto const events = events_of(sink);
    auto request = zeroed<xfsbus_subscribe_request>();
    xfsbus_job* begun = nullptr;
    REQUIRE(xfsbus_peer_start_subscription(sink.get(), &request, &begun, nullptr) == XFSBUS_OK);
    JobHandle const nothing(begun);
    CHECK(xfsbus_job_listing(nothing.get(), patience_ms, nullptr, nullptr) == XFSBUS_ERROR_USAGE);
    request.flags = 1U << 10;
    CHECK(xfsbus_peer_start_subscription(sink.get(), &request, &begun, nullptr) ==
          XFSBUS_ERROR_USAGE);
    request.flags = XFSBUS_SUBSCRIBE_PEERS;
    request.pattern = "*";
    REQUIRE(xfsbus_peer_start_subscription(sink.get(), &request, &begun, nullptr) == XFSBUS_OK);
    JobHandle const both(begun);
    CHECK(next(events, XFSBUS_EVENT_PEER_CHANGED)->job == xfsbus_job_id(both.get()));
    CHECK(next_change(events, XFSBUS_LISTING_THERE)->job == xfsbus_job_id(both.get()));
}
