// What a peer is asked, and answers, in C.
#include "client.hpp"

#include <cmath>

using namespace xfsbus;
using namespace xfsbus::test;

TEST_CASE("A program in C finds a file and fetches it") {
    Bus const bus;
    write_file(bus.share() / "sub ä.bin", 1'000'000);
    auto const source = bus.source();
    auto const sink = bus.sink();
    xfsbus_error error;

    xfsbus_found_list const* list = nullptr;
    REQUIRE(xfsbus_peer_find(sink.get(), "sub *", patience_ms, &list, &error) == XFSBUS_OK);
    FoundAnswer const found(list);
    CHECK(error.code == XFSBUS_OK);
    CHECK(std::string(error.message).empty());
    REQUIRE(found->items_count == 1);
    auto const& first = *found->items[0];
    CHECK(first.size == sizeof first);
    CHECK(first.name == std::string("sub ä.bin"));
    CHECK(first.bytes == 1'000'000);
    CHECK(first.labels == std::string("rack=7"));
    CHECK(first.self == 0);
    CHECK(first.latency_ms >= 0);
    CHECK(first.load == 0);
    CHECK_FALSE(std::isnan(first.cost));
    CHECK(first.share_percent == 100);

    auto const request = download_of("sub ä.bin");
    xfsbus_report const* made = nullptr;
    REQUIRE(xfsbus_peer_download(sink.get(), &request, patience_ms, &made, &error) == XFSBUS_OK);
    ReportAnswer const report(made);
    REQUIRE(report->files_count == 1);
    auto const& file = *report->files[0];
    CHECK(file.code == XFSBUS_OK);
    CHECK(file.content == std::string(first.content));
    CHECK(file.path == (bus.downloads() / "sub ä.bin").native());
    CHECK(std::filesystem::file_size(file.path) == 1'000'000);
    REQUIRE(file.sources_count == 1);
    CHECK(file.sources[0]->bytes == 1'000'000);
    CHECK(report->bytes_fetched == 1'000'000);
    REQUIRE(report->policy != nullptr);
    CHECK(report->policy->name == std::string("loadlatency"));
}

TEST_CASE("What nobody has is not found, in C too, and no answer is handed out") {
    Bus const bus;
    auto const sink = bus.sink();
    xfsbus_error error;
    xfsbus_found_list const* found = nullptr;
    CHECK(xfsbus_peer_find(sink.get(), "nothing", patience_ms, &found, &error) ==
          XFSBUS_ERROR_NOT_FOUND);
    CHECK(found == nullptr);
    CHECK(error.code == XFSBUS_ERROR_NOT_FOUND);
    CHECK_THAT(error.message, ContainsSubstring("nothing"));
    auto const request = download_of("nothing");
    CHECK(xfsbus_peer_download(sink.get(), &request, patience_ms, nullptr, nullptr) ==
          XFSBUS_ERROR_NOT_FOUND);
}

TEST_CASE("A download one of whose files cannot be had is no success in C, and has its report") {
    Bus const bus;
    write_file(bus.share() / "a.bin", 1000);
    write_file(bus.share() / "b.bin", 1000);
    write_file(bus.downloads() / "b.bin", 7);
    auto const source = bus.source();
    auto const sink = bus.sink();
    auto const request = download_of("*.bin");
    xfsbus_report const* made = nullptr;
    xfsbus_error error;
    auto const code = xfsbus_peer_download(sink.get(), &request, patience_ms, &made, &error);
    ReportAnswer const report(made);
    REQUIRE(report);
    REQUIRE(report->files_count == 2);
    CHECK(code != XFSBUS_OK);
    for (std::size_t i = 0; i < 2; ++i) {
        auto const& file = *report->files[i];
        bool const there = file.name == std::string("a.bin");
        CHECK(file.code == (there ? XFSBUS_OK : code));
        CHECK(file.path == (there ? (bus.downloads() / "a.bin").string() : std::string()));
        CHECK(file.message == (there ? std::string() : std::string(error.message)));
    }
}

TEST_CASE("A peer says in C who is there, what it shares, and how it is") {
    Bus const bus;
    write_file(bus.share() / "a.bin", 1000);
    auto const source = bus.source();

    xfsbus_peer_list const* peer_list = nullptr;
    REQUIRE(xfsbus_peer_peers(source.get(), patience_ms, &peer_list, nullptr) == XFSBUS_OK);
    PeersAnswer const peers(peer_list);
    REQUIRE(peers->items_count == 1);
    CHECK(peers->items[0]->self == 1);
    CHECK(peers->items[0]->files == 1);
    CHECK(peers->items[0]->labels == std::string("rack=7"));

    xfsbus_file_list const* file_list = nullptr;
    REQUIRE(xfsbus_peer_files(source.get(), patience_ms, &file_list, nullptr) == XFSBUS_OK);
    FilesAnswer const files(file_list);
    REQUIRE(files->items_count == 1);
    CHECK(files->items[0]->name == std::string("a.bin"));
    CHECK(files->items[0]->bytes == 1000);
    CHECK(std::string_view(files->items[0]->content).size() == 64);

    xfsbus_status const* told = nullptr;
    REQUIRE(xfsbus_peer_status(source.get(), patience_ms, &told, nullptr) == XFSBUS_OK);
    StatusAnswer const status(told);
    CHECK(status->tracker_connected == 1);
    CHECK(status->directory == bus.share().native());
    CHECK(status->scan->files == 1);
    CHECK(status->counters_count > 10);
    CHECK(status->port == peers->items[0]->port);
    CHECK_THAT(status->policy, ContainsSubstring("loadlatency"));

    std::uint32_t load = 99;
    REQUIRE(xfsbus_peer_load(source.get(), status->host, status->port, patience_ms, &load,
                             nullptr) == XFSBUS_OK);
    CHECK(load == 0);
    CHECK(xfsbus_peer_load(source.get(), status->host, 70'000, patience_ms, &load, nullptr) ==
          XFSBUS_ERROR_USAGE);
}

TEST_CASE("A policy is swapped in C, and one that is refused leaves the old one") {
    Bus const bus;
    auto const sink = bus.sink();
    xfsbus_policy_info const* info = nullptr;
    REQUIRE(xfsbus_peer_load_policy(sink.get(), "libqueuetime.so", patience_ms, &info, nullptr) ==
            XFSBUS_OK);
    PolicyAnswer const loaded(info);
    CHECK(loaded->used->name == std::string("queuetime"));
    CHECK(loaded->kind == std::string("peer-selection"));
    CHECK(std::filesystem::exists(loaded->path));
    xfsbus_error error;
    CHECK(xfsbus_peer_load_policy(sink.get(), "libnothing.so", patience_ms, &info, &error) ==
          XFSBUS_ERROR_PLUGIN);
    CHECK(info == nullptr);
    CHECK_THAT(error.message, ContainsSubstring("libnothing.so"));
    REQUIRE(xfsbus_peer_policy(sink.get(), patience_ms, &info, nullptr) == XFSBUS_OK);
    CHECK(PolicyAnswer(info)->used->name == std::string("queuetime"));
    REQUIRE(xfsbus_peer_chunk_order(sink.get(), patience_ms, &info, nullptr) == XFSBUS_OK);
    CHECK(PolicyAnswer(info)->kind == std::string("chunk-order"));
    REQUIRE(xfsbus_peer_upload_policy(sink.get(), patience_ms, &info, nullptr) == XFSBUS_OK);
    CHECK(PolicyAnswer(info)->path == std::string());
}

TEST_CASE("A file is pushed in C, and the target says that it has it") {
    Bus const bus;
    write_file(bus.share() / "a.bin", 1000);
    auto const source = bus.source();
    TempDir const taken;
    auto options = bus.options();
    options.directory = taken.path().c_str();
    options.accept_push = XFSBUS_ACCEPT_PUSH_NEW_FILES;
    auto const taker = Bus::started(options);
    REQUIRE(xfsbus_peer_wait_until_shared(taker.get(), patience_ms, nullptr, nullptr) == XFSBUS_OK);

    auto request = zeroed<xfsbus_push_request>();
    request.name = "a.bin";
    request.to = XFSBUS_PUSH_TO_ACCEPTING;
    xfsbus_pushed const* made = nullptr;
    REQUIRE(xfsbus_peer_push(source.get(), &request, patience_ms, &made, nullptr) == XFSBUS_OK);
    PushedAnswer const pushed(made);
    CHECK(pushed->settled == 1);
    REQUIRE(pushed->files_count == 1);
    REQUIRE(pushed->files[0]->targets_count == 1);
    CHECK(pushed->files[0]->targets[0]->state == XFSBUS_PUSH_STATE_THERE);
    CHECK(std::filesystem::file_size(taken.path() / "a.bin") == 1000);
}

TEST_CASE("A tracker that is not there is what a wait in C ends with") {
    Bus const bus;
    auto options = bus.options();
    options.tracker = "tcp://127.0.0.1:1";
    auto const peer = Bus::started(options);
    xfsbus_error error;
    CHECK(xfsbus_peer_wait_for_tracker(peer.get(), 0, &error) == XFSBUS_ERROR_TRACKER_UNREACHABLE);
    CHECK_FALSE(std::string(error.message).empty());
}

TEST_CASE("A scan that is asked for in C tells what it saw") {
    Bus const bus;
    auto const source = bus.source();
    write_file(bus.share() / "later.bin", 10);
    xfsbus_summary const* made = nullptr;
    REQUIRE(xfsbus_peer_update(source.get(), patience_ms, &made, nullptr) == XFSBUS_OK);
    SummaryAnswer const summary(made);
    CHECK(summary->files == 1);
    CHECK(summary->bytes == 10);
    CHECK(xfsbus_peer_rescan(source.get(), nullptr) == XFSBUS_OK);
    CHECK(xfsbus_peer_wait_until_scanned(source.get(), patience_ms, nullptr, nullptr) == XFSBUS_OK);
}
