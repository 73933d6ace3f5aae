#include "serving/chunk_senders.hpp"

#include "../../bus/loop.hpp"

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::serving;

namespace {

wire::TransferId transfer_id(std::uint8_t number) {
    wire::TransferId id;
    id.bytes[0] = number;
    return id;
}

/// Connections to sinks of this machine, of which there may be so many.
struct Source {
    explicit Source(std::size_t most)
        : senders(loop.reactor(), bus::Security::none(), most,
                  {.is_open = [this](auto const& id) { return open.contains(id); },
                   .serves = [this](auto const& sink) { return served.contains(sink); },
                   .on_connected = [this](auto const& sink) { connected.insert(sink); },
                   .on_trouble = [](auto const&) {}}) {}

    /// A sink that keeps which transfers it gets chunks of.
    wire::Endpoint add_sink() {
        auto receiver = bus::ChunkReceiver::bind(
            loop.reactor(), {"127.0.0.1", 0}, bus::Security::none(),
            [this](auto const& header, auto const&) {
                came.push_back(header.transfer);
                return true;
            },
            [] {});
        REQUIRE(receiver);
        receivers.push_back(std::move(*receiver));
        return receivers.back()->endpoint();
    }

    bool send(wire::Endpoint const& sink, wire::TransferId const& transfer) {
        auto const bytes = std::make_shared<std::string const>(100, 'x');
        return senders.send({transfer, "route", sink, 0, 0, 100, 1},
                            {std::as_bytes(std::span(*bytes)), bytes});
    }

    bus::Loop loop;
    std::set<wire::TransferId> open;
    std::set<wire::Endpoint> served;
    std::set<wire::Endpoint> connected;
    std::vector<wire::TransferId> came;
    std::vector<std::unique_ptr<bus::ChunkReceiver>> receivers;
    ChunkSenders senders;
};

}  // namespace

TEST_CASE("A chunk of a transfer that is closed by now is not sent, and not counted") {
    Source source(8);
    auto const sink = source.add_sink();
    source.open = {transfer_id(2)};
    CHECK(source.send(sink, transfer_id(1)));
    CHECK(source.send(sink, transfer_id(2)));
    source.loop.until([&] { return !source.came.empty(); });
    CHECK(source.came == std::vector{transfer_id(2)});
    CHECK(source.senders.bytes_sent() == 100);
}

TEST_CASE(
    "Where there are as many connections as there may be those that serve nobody are closed") {
    Source source(2);
    auto const used = source.add_sink();
    auto const unused = source.add_sink();
    source.served = {used};
    REQUIRE(source.senders.open(used, "1"));
    REQUIRE(source.senders.open(unused, "2"));
    source.loop.until([&] { return source.connected.size() == 2; });
    CHECK(source.senders.open(source.add_sink(), "3"));
    CHECK(source.senders.is_connected(used));
    CHECK_FALSE(source.senders.is_connected(unused));
}

TEST_CASE("For one host no more connections are opened in a second than it may have") {
    Source source(1000);
    std::size_t opened = 0;
    for (std::uint16_t port = 1; port <= 200; ++port) {
        opened += source.senders.open({"127.0.0.1", port}, std::to_string(port)) ? 1 : 0;
    }
    CHECK(opened < 200);
    CHECK(opened >= swarm::Openings::Limits{}.of_host_most);
}
