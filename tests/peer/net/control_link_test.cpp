#include "net/control_link.hpp"

#include "../../bus/loop.hpp"
#include "catch.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::net;
using namespace std::chrono_literals;

namespace {

wire::TransferId transfer_id(std::uint8_t number) {
    wire::TransferId id;
    id.bytes[0] = number;
    return id;
}

wire::Want want_of(std::uint8_t number, std::uint32_t chunk) {
    wire::Want want;
    want.transfer = transfer_id(number);
    want.port = 9;
    want.chunks = {chunk};
    return want;
}

/// A source that refuses the transfers it is told to, at the first Want of each, and a link to it.
class Refusing {
  public:
    explicit Refusing(std::vector<std::uint8_t> const& refuses) : refused_most_(refuses.size()) {
        auto server = bus::ControlServer::bind(
            reactor, {"127.0.0.1", 0}, bus::Security::none(),
            {.on_message =
                 [this, refuses](auto const& sender, auto&& envelope) {
                     if (auto const* close = std::get_if<wire::Close>(&envelope.message)) {
                         closed = close->transfers;
                         end_with_all();
                     }
                     if (std::exchange(refused, true)) {
                         return;
                     }
                     for (auto const number : refuses) {
                         server_->send(sender.route, wire::Refused{transfer_id(number),
                                                                   wire::ErrorCode::busy, "full"});
                     }
                 },
             .on_garbage = [](auto const&, auto const&) {}});
        REQUIRE(server);
        server_ = std::move(*server);
        auto opened = ControlLink::open(reactor, server_->endpoint(), bus::Security::none(), "",
                                        std::nullopt, [] { return wire::Pong{}; });
        REQUIRE(opened);
        link = *opened;
    }

    ~Refusing() {
        link->abandon();
        link.reset();
    }

    /// When it is refused the transfer is closed, with these words or without.
    void want(std::uint8_t number, bool tells) {
        link->want(want_of(number, 0), {.on_refused =
                                            [this, tells](auto const& what) {
                                                ++refusals;
                                                link->close(what.transfer, false, tells);
                                                end_with_all();
                                            },
                                        .on_have = {}});
    }

    /// Until all refusals have been heard, and the link has closed something.
    void run() {
        auto const deadline = reactor.at(reactor.now() + 20s, [this] { reactor.stop(); });
        reactor.run();
        reactor.cancel(deadline);
    }

    bus::Reactor reactor;
    std::vector<wire::TransferId> closed;
    bool refused = false;
    int refusals = 0;
    std::shared_ptr<ControlLink> link;

  private:
    void end_with_all() {
        if (std::cmp_equal(refusals, refused_most_) && !closed.empty()) {
            reactor.stop();
        }
    }

    std::size_t refused_most_;
    std::unique_ptr<bus::ControlServer> server_;
};

/// A source that keeps what it hears, and a link to it.
struct Listening {
    Listening() {
        auto bound = bus::ControlServer::bind(
            loop.reactor(), {"127.0.0.1", 0}, bus::Security::none(),
            {.on_message =
                 [this](auto const& sender, auto&& envelope) {
                     if (std::holds_alternative<wire::Ping>(envelope.message)) {
                         server->send(sender.route, wire::Pong{0, who, {}}, envelope.request);
                     } else {
                         heard.push_back(std::move(envelope.message));
                     }
                 },
             .on_garbage = [](auto const&, auto const&) {}});
        REQUIRE(bound);
        server = std::move(*bound);
        auto opened = ControlLink::open(loop.reactor(), server->endpoint(), bus::Security::none(),
                                        "", std::nullopt, [] { return wire::Pong{}; });
        REQUIRE(opened);
        link = *opened;
    }

    ~Listening() {
        link->abandon();
        link.reset();
    }

    void probe() {
        bool answered = false;
        link->probe(20s, [&](auto const& vitals) { answered = vitals.ok(); });
        loop.until([&] { return answered; });
    }

    void want(std::uint8_t number) {
        link->want(want_of(number, 0),
                   {.on_refused = [this](auto const& what) { refused.push_back(what); },
                    .on_have = [](auto const&) {}});
    }

    bus::Loop loop;
    wire::PeerId who{{1}};
    std::vector<wire::Message> heard;
    std::vector<wire::Refused> refused;
    std::shared_ptr<ControlLink> link;
    std::unique_ptr<bus::ControlServer> server;
};

}  // namespace

TEST_CASE("A transfer is closed at its source unless the source knows") {
    Refusing source({1, 2});
    source.want(1, true);
    source.want(2, false);
    source.run();
    CHECK(source.refusals == 2);
    CHECK(source.closed == std::vector{transfer_id(1)});
}

TEST_CASE("A transfer ends when another peer answers at the address of its source") {
    Listening source;
    source.probe();
    source.want(1);
    source.loop.until([&] { return source.heard.size() == 1; });
    source.probe();
    CHECK(source.refused.empty());
    source.who = {{2}};
    source.probe();
    REQUIRE(source.refused.size() == 1);
    CHECK(source.refused.front().transfer == transfer_id(1));
    CHECK(source.refused.front().code == wire::ErrorCode::closed);
}

TEST_CASE("Of a transfer that is not open, or not any more, nothing is said to its source") {
    Listening source;
    wire::Have have;
    have.transfer = transfer_id(9);
    source.link->tell(have);
    source.want(1);
    source.link->close(transfer_id(1), true, true);
    source.want(2);
    source.loop.until([&] { return source.heard.size() >= 2; });
    source.probe();  // what was said before it has been heard then
    REQUIRE(source.heard.size() == 2);
    REQUIRE(std::holds_alternative<wire::Close>(source.heard[0]));
    CHECK(std::get<wire::Close>(source.heard[0]).corrupt);
    REQUIRE(std::holds_alternative<wire::Request>(source.heard[1]));
    auto const& wants = std::get<wire::Request>(source.heard[1]).wants;
    REQUIRE(wants.size() == 1);
    CHECK(wants.front().transfer == transfer_id(2));
}

TEST_CASE("There are no more connections to other peers at once than there may be") {
    bus::Reactor reactor;
    ControlLinks links(reactor, bus::Security::none(), std::nullopt, 1,
                       [] { return wire::Pong{}; });
    wire::Endpoint const first{"127.0.0.1", 1};
    wire::Endpoint const second{"127.0.0.1", 2};
    {
        auto const link = links.to(first);
        REQUIRE(link);
        CHECK(links.room_for(first));
        CHECK_FALSE(links.room_for(second));
        REQUIRE_FALSE(links.to(second));
        CHECK(links.to(second).error().message.find("ulimit -n") != std::string::npos);
    }
    CHECK(links.room_for(second));
}
