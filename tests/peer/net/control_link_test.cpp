#include "net/control_link.hpp"

#include "catch.hpp"

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

}  // namespace

TEST_CASE("A transfer is closed at its source unless the source knows") {
    Refusing source({1, 2});
    source.want(1, true);
    source.want(2, false);
    source.run();
    CHECK(source.refusals == 2);
    CHECK(source.closed == std::vector{transfer_id(1)});
}
