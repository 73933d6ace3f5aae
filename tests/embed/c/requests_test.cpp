// What a program in C fills in, of whichever version it is.
#include "client.hpp"

#include <cstddef>
#include <limits>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

/// What a later version may make of a struct.
template <typename Request>
struct Later {
    Request request;
    std::uint64_t unknown;
};

xfsbus_code start(xfsbus_options const& options, xfsbus_error* error = nullptr) {
    xfsbus_peer* peer = nullptr;
    auto const code = xfsbus_peer_start(&options, &peer, error);
    CHECK((peer != nullptr) == (code == XFSBUS_OK));
    xfsbus_peer_free(peer);
    return code;
}

}  // namespace

TEST_CASE("Of a struct that an older program filled in, what is missing is the default") {
    Bus const bus;
    auto options = bus.options();
    options.size = offsetof(xfsbus_options, flags);
    options.flags = ~std::uint64_t{0};
    options.port = 1'000'000;
    CHECK(start(options) == XFSBUS_OK);
}

TEST_CASE("A newer program is served unless it asks for what the library does not know") {
    Bus const bus;
    Later<xfsbus_options> later{bus.options(), 0};
    later.request.size = sizeof later;
    CHECK(start(later.request) == XFSBUS_OK);
    later.unknown = 1;
    xfsbus_error error;
    CHECK(start(later.request, &error) == XFSBUS_ERROR_USAGE);
    CHECK_THAT(error.message, ContainsSubstring("does not know"));
}

TEST_CASE("A struct whose size was never set is refused") {
    Bus const bus;
    for (std::size_t const size :
         {std::size_t{0}, sizeof(std::size_t) - 1, std::size_t{4097}, ~std::size_t{0}}) {
        auto options = bus.options();
        options.size = size;
        CHECK(start(options) == XFSBUS_ERROR_USAGE);
    }
}

TEST_CASE("Options in C that make no sense are refused, each with its name") {
    Bus const bus;
    xfsbus_error error;
    auto const refused = [&](auto change, char const* name) {
        auto options = bus.options();
        change(options);
        CHECK(start(options, &error) == XFSBUS_ERROR_USAGE);
        CHECK_THAT(error.message, ContainsSubstring(name));
    };
    refused([](auto& options) { options.flags = 32; }, "flags");
    refused([](auto& options) { options.accept_push = 3; }, "accept_push");
    refused([](auto& options) { options.durability = -1; }, "durability");
    refused([](auto& options) { options.port = 65'536; }, "65536");
    refused([](auto& options) { options.data_port = 65'536; }, "65536");
}

TEST_CASE("Requests in C that make no sense are refused, each with its name") {
    Bus const bus;
    auto const sink = bus.sink();
    xfsbus_error error;
    xfsbus_job* job = nullptr;
    auto const refused = [&](auto start, auto request, char const* name) {
        CHECK(start(sink.get(), &request, &job, &error) == XFSBUS_ERROR_USAGE);
        CHECK_THAT(error.message, ContainsSubstring(name));
        CHECK(job == nullptr);
    };
    auto download = download_of(nullptr);
    refused(xfsbus_peer_start_download, download, "name");
    download.name = "a";
    download.flags = 4;
    refused(xfsbus_peer_start_download, download, "flags");
    download.flags = 0;
    download.wait_ms = -1;
    refused(xfsbus_peer_start_download, download, "wait_ms");
    auto push = zeroed<xfsbus_push_request>();
    refused(xfsbus_peer_start_push, push, "name");
    push.name = "a";
    push.to = 3;
    refused(xfsbus_peer_start_push, push, "to");
    push.to = XFSBUS_PUSH_TO_ALL;
    push.patience_ms = -1;
    refused(xfsbus_peer_start_push, push, "patience_ms");
}

TEST_CASE("What options in C ask for is so in the peer") {
    Bus const bus;
    write_file(bus.share() / "seen.bin", 10);
    write_file(bus.share() / "hidden.log", 10);
    auto options = bus.options();
    char const* const ignored[] = {"*.log", nullptr};
    options.directory = bus.share().c_str();
    options.ignore = ignored;
    options.flags = XFSBUS_OPTIONS_NO_WATCH | XFSBUS_OPTIONS_NO_HEARTBEAT;
    options.rescan_ms = -1;
    options.sources = 3;
    options.policy = "libqueuetime.so";
    auto const peer = Bus::started(options);
    xfsbus_summary const* made = nullptr;
    REQUIRE(xfsbus_peer_wait_until_scanned(peer.get(), patience_ms, &made, nullptr) == XFSBUS_OK);
    SummaryAnswer const summary(made);
    CHECK(summary->files == 1);
    CHECK(summary->ignored == 1);
    xfsbus_status const* told = nullptr;
    REQUIRE(xfsbus_peer_status(peer.get(), patience_ms, &told, nullptr) == XFSBUS_OK);
    CHECK_THAT(StatusAnswer(told)->policy, ContainsSubstring("queuetime"));
}

TEST_CASE("A deadline in C that no clock can count is a long one") {
    Bus const bus;
    auto const sink = bus.sink();
    auto const most = std::numeric_limits<std::int64_t>::max();
    CHECK(xfsbus_peer_find(sink.get(), "nothing", most, nullptr, nullptr) ==
          XFSBUS_ERROR_NOT_FOUND);
    CHECK(xfsbus_peer_status(sink.get(), most, nullptr, nullptr) == XFSBUS_OK);
}
