#include "catch.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/codec.hpp>

#include <zmq.hpp>

#include <array>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// The tracker behind real sockets on the loopback.

using namespace xfsbus;
using namespace std::chrono_literals;
using tracker::Counter;
using tracker::Tracker;

namespace {

constexpr auto patience = 20s;

wire::Endpoint const any_port{"127.0.0.1", 0};

class RunningTracker {
  public:
    explicit RunningTracker(std::chrono::milliseconds ttl) {
        auto started = Tracker::start({any_port, ttl});
        REQUIRE(started.ok());
        tracker_ = std::move(started).value();
        thread_ = std::thread([this] { tracker_->run(); });
    }

    ~RunningTracker() {
        tracker_->stop();
        thread_.join();
    }

    RunningTracker(RunningTracker const&) = delete;
    RunningTracker& operator=(RunningTracker const&) = delete;

    wire::Endpoint const& endpoint() const { return tracker_->endpoint(); }

    tracker::Counters stats() const { return tracker_->stats(); }

  private:
    std::unique_ptr<Tracker> tracker_;
    std::thread thread_;
};

/// A peer as the tracker sees one: answers each Ping, while somebody asks on the same reactor.
class Client {
  public:
    Client(bus::Reactor& reactor, wire::Endpoint const& tracker) : reactor_(reactor) {
        auto connected = bus::ControlClient::connect(
            reactor, tracker, bus::Security::none(),
            {[this](wire::Envelope&& envelope) { take(std::move(envelope)); }, {}, {}});
        REQUIRE(connected.ok());
        socket_ = std::move(connected).value();
    }

    /// Sends the message and waits for the answer, which must be of this type.
    template <typename Answer>
    Answer ask(wire::Message const& message) {
        waits_for_ = ++last_request_;
        answer_.reset();
        REQUIRE(socket_->send(message, waits_for_));
        auto const timer =
            reactor_.at(std::chrono::steady_clock::now() + patience, [this] { reactor_.stop(); });
        reactor_.run();
        reactor_.cancel(timer);
        REQUIRE(answer_.has_value());
        INFO("answer: " << wire::type_name(*answer_));
        REQUIRE(std::holds_alternative<Answer>(*answer_));
        return std::get<Answer>(*answer_);
    }

    /// Registers and shares one file.
    void share(wire::PeerId const& id, std::uint16_t port, std::string const& name) {
        auto const lease = ask<wire::Registered>(wire::Register{id, {"", port}, 1000, ""});
        ask<wire::Updated>(
            wire::Update{lease.epoch, 1, true, true, {{name, wire::ContentId{}, 5}}, {}});
    }

    std::size_t count_sources(std::string const& name) {
        auto const found = ask<wire::Found>(wire::Find{wire::FindBy::name, name, "", 0});
        return found.files.empty() ? 0 : found.files[0].sources.size();
    }

    std::size_t pings = 0;

  private:
    void take(wire::Envelope&& envelope) {
        if (std::holds_alternative<wire::Ping>(envelope.message)) {
            ++pings;
            socket_->send(wire::Pong{}, envelope.request);
        } else if (envelope.request == waits_for_) {
            answer_ = std::move(envelope.message);
            reactor_.stop();
        }
    }

    bus::Reactor& reactor_;
    std::unique_ptr<bus::ControlClient> socket_;
    std::uint64_t last_request_ = 100;
    std::uint64_t waits_for_ = 0;
    std::optional<wire::Message> answer_;
};

/// A plain TCP connection.
class RawConnection {
  public:
    explicit RawConnection(wire::Endpoint const& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        ::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr);
        REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }

    ~RawConnection() { ::close(socket_); }

    RawConnection(RawConnection const&) = delete;
    RawConnection& operator=(RawConnection const&) = delete;

    void write(std::string const& bytes) const {
        // Refusing to read on is the other side's right.
        static_cast<void>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }

  private:
    int socket_;
};

wire::PeerId id(std::uint8_t number) {
    wire::PeerId id;
    id.bytes[0] = number;
    return id;
}

}  // namespace

TEST_CASE("over real sockets a file that is announced is found, until its peer leaves") {
    RunningTracker const tracker(3s);
    bus::Reactor reactor;
    Client sharer(reactor, tracker.endpoint());
    Client asker(reactor, tracker.endpoint());
    CHECK(asker.count_sources("a file") == 0);

    sharer.share(id(1), 4001, "a file");
    auto const found = asker.ask<wire::Found>(wire::Find{wire::FindBy::name, "a file", "", 0});
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].size == 5);
    REQUIRE(found.files[0].sources.size() == 1);
    CHECK(found.files[0].sources[0].listens == wire::Endpoint{"127.0.0.1", 4001});

    sharer.ask<wire::Left>(wire::Leave{});
    CHECK(asker.count_sources("a file") == 0);
}

TEST_CASE("over real sockets connections tell when they end, so nobody is sent a Ping for a find") {
    RunningTracker const tracker(60s);  // nobody is silent for long
    bus::Reactor reactor;
    Client asker(reactor, tracker.endpoint());
    Client stays(reactor, tracker.endpoint());
    std::optional<Client> goes(std::in_place, reactor, tracker.endpoint());
    stays.share(id(1), 4001, "a file");
    goes->share(id(2), 4002, "a file");
    for (int i = 0; i < 100; ++i) {
        REQUIRE(asker.count_sources("a file") == 2);
    }
    CHECK(stays.pings + goes->pings == 0);
    goes.reset();
    auto const until = std::chrono::steady_clock::now() + patience;
    while (asker.count_sources("a file") == 2 && std::chrono::steady_clock::now() < until) {
    }
    CHECK(asker.count_sources("a file") == 1);
    CHECK(stays.pings == 0);
}

TEST_CASE("over the loopback a peer may name any address of this machine, and no other") {
    RunningTracker const tracker(3s);
    bus::Reactor reactor;
    Client peer(reactor, tracker.endpoint());
    for (std::string const own : {"127.0.0.1", "127.9.9.9", "::1"}) {
        auto const told = peer.ask<wire::Registered>(wire::Register{id(1), {own, 4001}, 1000, ""});
        CHECK(told.listens.host == own);
    }
    auto const refused =
        peer.ask<wire::Failure>(wire::Register{id(1), {"203.0.113.9", 4001}, 1000, ""});
    CHECK(refused.code == wire::ErrorCode::not_authorised);
}

TEST_CASE("a search that is not soon done goes on without another message") {
    RunningTracker const tracker(std::chrono::hours(1));
    bus::Reactor reactor;
    Client peer(reactor, tracker.endpoint());
    auto const lease = peer.ask<wire::Registered>(wire::Register{id(1), {"", 4001}, 0, ""});
    for (std::uint64_t batch = 1; batch <= 20; ++batch) {
        wire::Update update{lease.epoch, batch, false, false, {}, {}};
        for (int i = 0; i < 1000; ++i) {
            auto const name = std::to_string(batch) + "/a-file-" + std::to_string(i);
            update.added.push_back({name, wire::ContentId{}, 5});
        }
        peer.ask<wire::Updated>(update);
    }
    auto const found = peer.ask<wire::Found>(wire::Find{wire::FindBy::glob, "**-999", "", 0});
    CHECK(found.files.size() == 20);
}

TEST_CASE("a peer whose connection closed is not named any more, long before its lease ends") {
    RunningTracker const tracker(std::chrono::hours(1));
    bus::Reactor reactor;
    Client survivor(reactor, tracker.endpoint());
    survivor.share(id(1), 4001, "a");
    auto victim = std::make_unique<Client>(reactor, tracker.endpoint());
    victim->share(id(2), 4002, "a");
    CHECK(survivor.count_sources("a") == 2);
    victim.reset();
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (survivor.count_sources("a") != 1) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
}

TEST_CASE("a peer that says nothing is forgotten when its lease ends, by the clock") {
    RunningTracker const tracker(200ms);
    bus::Reactor reactor;
    bus::Reactor other_reactor;
    Client silent(other_reactor, tracker.endpoint());
    silent.share(id(1), 4001, "a");
    Client asker(reactor, tracker.endpoint());
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (!asker.ask<wire::PeerList>(wire::ListPeers{}).peers.empty()) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    CHECK(silent.ask<wire::Failure>(wire::Heartbeat{}).code == wire::ErrorCode::unknown_peer);
}

TEST_CASE("an address in use is told as a failure of the network") {
    auto const first = Tracker::start({any_port});
    REQUIRE(first.ok());
    auto const second = Tracker::start({(*first)->endpoint()});
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code == Errc::network);
    CHECK(second.error().message.find(std::to_string((*first)->endpoint().port)) !=
          std::string::npos);
}

TEST_CASE("a tracker stopped before it runs does not run") {
    auto const tracker = Tracker::start({any_port});
    REQUIRE(tracker.ok());
    (*tracker)->stop();
    (*tracker)->run();
    CHECK((*tracker)->stats()[Counter::messages] == 0);
}

TEST_CASE("a tracker that runs tells other threads what it counts") {
    RunningTracker const tracker(std::chrono::hours(1));
    bus::Reactor reactor;
    Client peer(reactor, tracker.endpoint());
    peer.share(id(1), 4001, "a");
    peer.count_sources("a");
    // An answer is sent before what was asked counts.
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (tracker.stats()[Counter::finds] == 0) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    auto const stats = tracker.stats();
    CHECK(stats[Counter::peers] == 1);
    CHECK(stats[Counter::files] == 1);
    CHECK(stats[Counter::updates] == 1);
    CHECK(stats[Counter::messages] >= 3);
    CHECK(stats[Counter::garbage] == 0);
}

TEST_CASE("frames that are no message are answered with a Failure") {
    RunningTracker const tracker(3s);
    zmq::context_t context;
    zmq::socket_t dealer(context, zmq::socket_type::dealer);
    dealer.set(zmq::sockopt::linger, 0);
    dealer.set(zmq::sockopt::rcvtimeo, 20'000);
    dealer.connect(tracker.endpoint().to_zmq());
    std::array<zmq::message_t, 2> frames{zmq::message_t(std::string("not a header")),
                                         zmq::message_t(std::string("nor a body"))};
    dealer.send(frames[0], zmq::send_flags::sndmore);
    dealer.send(frames[1], zmq::send_flags::none);
    REQUIRE(dealer.recv(frames[0]).has_value());
    REQUIRE(dealer.recv(frames[1]).has_value());
    auto const answer = wire::decode(frames[0].to_string_view(), frames[1].to_string_view());
    REQUIRE(std::holds_alternative<wire::Envelope>(answer));
    auto const& message = std::get<wire::Envelope>(answer).message;
    REQUIRE(std::holds_alternative<wire::Failure>(message));
    CHECK(std::get<wire::Failure>(message).code == wire::ErrorCode::bad_message);
}

TEST_CASE("connections that speak something else do not disturb those that speak ours") {
    RunningTracker const tracker(std::chrono::hours(1));
    bus::Reactor reactor;
    Client canary(reactor, tracker.endpoint());
    canary.share(id(1), 4001, "a");
    std::vector<std::string> const noises = {"", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                             std::string("\xff\0\0\0\0\0\0\0\x01\x7f", 10),
                                             std::string(64, '\0'), std::string(100'000, '\xff')};
    std::list<RawConnection> held;
    for (int round = 0; round < 20; ++round) {
        for (auto const& noise : noises) {
            held.emplace_back(tracker.endpoint()).write(noise);
            REQUIRE(canary.count_sources("a") == 1);
        }
        if (round % 2 == 0) {
            held.clear();
        }
    }
    CHECK(canary.ask<wire::PeerList>(wire::ListPeers{}).peers.size() == 1);
}
