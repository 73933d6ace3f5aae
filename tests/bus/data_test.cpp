#include "catch.hpp"
#include "loop.hpp"
#include "samples.hpp"
#include "tcp.hpp"
#include "zmtp.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/wire/limits.hpp>

#include <zmq.hpp>

#include <cstring>
#include <optional>
#include <set>
#include <thread>

using namespace xfsbus;
using namespace xfsbus::bus;
using namespace std::chrono_literals;

namespace {

using Received = std::pair<wire::ChunkHeader, std::string>;

std::string text_of(Payload const& payload) {
    return {reinterpret_cast<char const*>(payload.bytes.data()), payload.bytes.size()};
}

Payload payload_of(std::string const& text) {
    auto owner = std::make_shared<std::string const>(text);
    return {std::as_bytes(std::span(owner->data(), owner->size())), owner};
}

struct Sink {
    explicit Sink(Loop& loop) {
        auto bound = ChunkReceiver::bind(
            loop.reactor(), wire::Endpoint{"127.0.0.1", 0}, Security::none(),
            [this](wire::ChunkHeader const& header, Payload payload) {
                chunks.emplace_back(header, text_of(payload));
                return asked_for;
            },
            [this] { ++garbage; });
        REQUIRE(bound.ok());
        socket = std::move(*bound);
    }

    std::unique_ptr<ChunkReceiver> socket;
    std::vector<Received> chunks;
    int garbage = 0;
    bool asked_for = true;
};

struct Source {
    Source(Loop& loop, wire::Endpoint const& sink) {
        auto connected =
            ChunkSender::connect(loop.reactor(), sink, Security::none(), [this] { ++writable; });
        REQUIRE(connected.ok());
        socket = std::move(*connected);
    }

    std::unique_ptr<ChunkSender> socket;
    int writable = 0;
};

wire::ChunkHeader header_of(std::uint32_t chunk, std::uint64_t offset = 0) {
    return {wire::samples::id<wire::TransferId>(1), chunk, offset};
}

/// Sends chunks until no more are taken; how many were.
int fill(ChunkSender& source) {
    auto const chunk = payload_of(std::string(wire::limits::chunk_bytes_max, 'c'));
    int sent = 0;
    while (source.send(header_of(0), chunk)) {
        REQUIRE(++sent < 1000);
    }
    return sent;
}

class StrangePusher {
  public:
    explicit StrangePusher(wire::Endpoint const& endpoint) : socket_(context_, ZMQ_PUSH) {
        socket_.set(zmq::sockopt::linger, 0);
        socket_.connect(endpoint.to_zmq());
    }

    void send(std::vector<std::string> const& frames) {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            auto const more =
                i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            REQUIRE(socket_.send(zmq::buffer(frames[i]), more));
        }
    }

  private:
    zmq::context_t context_;
    zmq::socket_t socket_;
};

}  // namespace

TEST_CASE("chunks arrive intact and in order") {
    Loop loop;
    Sink sink(loop);
    CHECK(sink.socket->endpoint().port != 0);
    Source source(loop, sink.socket->endpoint());
    std::vector<Received> sent;
    for (std::size_t const size :
         {std::size_t{0}, std::size_t{1}, std::size_t{33}, std::size_t{8192},
          std::size_t{256 * 1024}, std::size_t{wire::limits::chunk_bytes_max}}) {
        auto const number = static_cast<std::uint32_t>(sent.size());
        std::string text(size, static_cast<char>('a' + number));
        sent.emplace_back(header_of(number, number * 1000), std::move(text));
    }
    std::size_t next = 0;
    loop.until([&] {
        while (next < sent.size() &&
               source.socket->send(sent[next].first, payload_of(sent[next].second))) {
            ++next;
        }
        return sink.chunks.size() == sent.size();
    });
    CHECK(sink.chunks == sent);
    CHECK(sink.garbage == 0);
}

TEST_CASE("a chunk's memory is kept until it is sent and then let go") {
    Loop loop;
    Sink sink(loop);
    Source source(loop, sink.socket->endpoint());
    auto payload = payload_of(std::string(100'000, 'm'));
    std::weak_ptr<void const> const memory = payload.owner;
    loop.until([&] { return source.socket->send(header_of(1), payload); });
    payload = {};
    loop.until([&] { return sink.chunks.size() == 1; });
    loop.until([&] { return memory.expired(); });
}

TEST_CASE("nothing is taken for a sink that is not there, and its coming is told") {
    Loop loop;
    std::optional<ReservedPort> port(std::in_place);
    auto const endpoint = port->endpoint();
    Source source(loop, endpoint);
    auto const payload = payload_of("x");
    CHECK_FALSE(source.socket->send(header_of(1), payload));
    CHECK(payload.owner.use_count() == 1);
    CHECK(source.writable == 0);
    port.reset();
    zmq::context_t context;
    zmq::socket_t sink(context, ZMQ_PULL);
    sink.bind(endpoint.to_zmq());
    loop.until([&] { return source.writable == 1; });
    CHECK(source.socket->send(header_of(1), payload));
}

TEST_CASE("a source whose pipe is full is told when it can go on") {
    Loop loop;
    zmq::context_t context;
    zmq::socket_t slow(context, ZMQ_PULL);
    slow.set(zmq::sockopt::rcvhwm, 1);
    slow.bind("tcp://127.0.0.1:*");
    Source source(loop, *wire::parse_endpoint(slow.get(zmq::sockopt::last_endpoint)));
    int before = 0;
    loop.until([&] {
        bool const connected = fill(*source.socket) > 0;
        before = source.writable;
        return connected;
    });
    zmq::message_t frame;
    loop.until([&] {
        static_cast<void>(slow.recv(frame, zmq::recv_flags::dontwait));
        return source.writable > before;
    });
    CHECK(fill(*source.socket) > 0);
}

TEST_CASE("the kernel queues little for a sink, also after the connection was made anew") {
    Loop loop;
    Sink sink(loop);
    Source source(loop, sink.socket->endpoint());
    auto const payload = payload_of("x");
    std::vector<int> connections;
    // The port that a connection with the bound comes from; 0: there is none now.
    auto const bounded = [&] {
        source.socket->send(header_of(1), payload);
        connections = connections_to(sink.socket->endpoint().port);
        bool const one = connections.size() == 1 && unsent_bound(connections[0]) == 128 * 1024;
        return one ? local_port(connections[0]) : std::uint16_t{0};
    };
    std::uint16_t first = 0;
    loop.until([&] { return (first = bounded()) != 0; });
    REQUIRE(::shutdown(connections[0], SHUT_RDWR) == 0);
    loop.until([&] {
        auto const second = bounded();
        return second != 0 && second != first;
    });
}

TEST_CASE("several sources feed one sink") {
    Loop loop;
    Sink sink(loop);
    std::vector<std::unique_ptr<Source>> sources;
    for (int i = 0; i < 4; ++i) {
        sources.push_back(std::make_unique<Source>(loop, sink.socket->endpoint()));
    }
    std::vector<std::uint32_t> sent(sources.size(), 0);
    loop.until([&] {
        for (std::uint32_t s = 0; s < sources.size(); ++s) {
            while (sent[s] < 25 &&
                   sources[s]->socket->send(header_of(s * 100 + sent[s]), payload_of("chunk"))) {
                ++sent[s];
            }
        }
        return sink.chunks.size() == 100;
    });
    std::set<std::uint32_t> numbers;
    for (auto const& [header, bytes] : sink.chunks) {
        numbers.insert(header.chunk);
    }
    CHECK(numbers.size() == 100);
}

TEST_CASE("what is no chunk is counted and dropped") {
    Loop loop;
    Sink sink(loop);
    StrangePusher stranger(sink.socket->endpoint());
    auto const array = wire::encode_chunk_header(header_of(7));
    std::string const header(array.data(), array.size());
    stranger.send({"GET / HTTP/1.1"});
    stranger.send({header});
    stranger.send({header + "x", "bytes"});
    stranger.send({"", "bytes"});
    stranger.send({header, "bytes", "more"});
    stranger.send({header, "bytes", "more", "and", "more"});
    stranger.send({header, "bytes"});
    loop.until([&] { return sink.chunks.size() == 1; });
    CHECK(sink.garbage == 6);
    CHECK(sink.chunks[0] == Received{header_of(7), "bytes"});
}

TEST_CASE("a chunk that is too large disconnects its sender and nobody else") {
    Loop loop;
    Sink sink(loop);
    Source source(loop, sink.socket->endpoint());
    StrangePusher stranger(sink.socket->endpoint());
    auto const array = wire::encode_chunk_header(header_of(7));
    std::string const header(array.data(), array.size());
    stranger.send({header, std::string(wire::limits::chunk_bytes_max + 1, 'x')});
    loop.until([&] { return source.socket->send(header_of(1), payload_of("x")); });
    loop.until([&] { return sink.chunks.size() == 1; });
    CHECK(sink.chunks[0].first == header_of(1));
    CHECK(loop.stays_quiet([&] { return sink.chunks.size() > 1; }, 20ms));
}

TEST_CASE("a sink may be destroyed by its own callback") {
    Loop loop;
    for (bool const garbage : {false, true}) {
        std::unique_ptr<ChunkReceiver> sink;
        std::string log;
        std::string const word(100, 'w');
        auto const stop = [&sink, &log, word] {
            sink.reset();
            log += word;
        };
        auto bound = ChunkReceiver::bind(
            loop.reactor(), wire::Endpoint{"127.0.0.1", 0}, Security::none(),
            [stop](wire::ChunkHeader const&, Payload) {
                stop();
                return true;
            },
            stop);
        REQUIRE(bound.ok());
        sink = std::move(*bound);
        StrangePusher stranger(sink->endpoint());
        auto const header = wire::encode_chunk_header(header_of(1));
        stranger.send({garbage ? "garbage" : std::string(header.data(), header.size()), "x"});
        loop.until([&] { return !sink; });
        CHECK(log == word);
    }
}

TEST_CASE("a source may be destroyed by its own callback") {
    Loop loop;
    Sink sink(loop);
    std::unique_ptr<ChunkSender> source;
    std::string log;
    std::string const word(100, 'w');
    auto connected = ChunkSender::connect(loop.reactor(), sink.socket->endpoint(), Security::none(),
                                          [&source, &log, word] {
                                              source.reset();
                                              log += word;
                                          });
    REQUIRE(connected.ok());
    source = std::move(*connected);
    fill(*source);
    loop.until([&] { return !source; });
    CHECK(log == word);
}

TEST_CASE("a sink's address that is not this machine's is a network error") {
    Loop loop;
    auto const bound = ChunkReceiver::bind(
        loop.reactor(), wire::Endpoint{"192.0.2.1", 0}, Security::none(),
        [](wire::ChunkHeader const&, Payload) { return true; }, [] {});
    REQUIRE_FALSE(bound.ok());
    CHECK(bound.error().code == Errc::network);
}

TEST_CASE("who sends more in one piece than a chunk that is waited for is cut") {
    Loop loop;
    Sink sink(loop);
    sink.socket->expect(wire::limits::chunk_bytes_min);
    ZmtpStranger const stranger(sink.socket->endpoint(), "PUSH");
    auto const frame = ZmtpStranger::frame(std::string(50'000, 'x'), true);
    bool cut = false;
    loop.until([&] { return cut = cut || !stranger.say(frame); });
    CHECK(sink.chunks.empty());
    CHECK(sink.garbage == 0);
}

TEST_CASE("strangers that begin chunks together have little, who has sent one is left alone") {
    Loop loop;
    Sink sink(loop);
    sink.socket->expect(wire::limits::chunk_bytes_min);
    ZmtpStranger const honest(sink.socket->endpoint(), "PUSH");
    auto const array = wire::encode_chunk_header(header_of(1));
    auto const header = ZmtpStranger::frame({array.data(), array.size()}, true);
    honest.say(header + ZmtpStranger::frame("chunk", false));
    loop.until([&] { return sink.chunks.size() == 1; });
    std::string const begun(wire::limits::chunk_bytes_min * 3 / 4, 'x');
    auto const half = header + ZmtpStranger::frame(begun + begun, false).substr(0, begun.size());
    honest.say(half);
    std::vector<std::unique_ptr<ZmtpStranger>> strangers;
    for (int i = 0; i < 12; ++i) {
        strangers.push_back(std::make_unique<ZmtpStranger>(sink.socket->endpoint(), "PUSH"));
        strangers.back()->say(half);
    }
    auto const alive = [](auto const& stranger) { return !stranger->hung_up(); };
    loop.until([&] { return std::ranges::count_if(strangers, alive) < 6; });
    CHECK_FALSE(honest.hung_up());
}

TEST_CASE("a sink that talks to its source is cut") {
    Loop loop;
    TcpServer const listening;
    Source const source(loop, listening.endpoint());
    ZmtpStranger const stranger(listening.accept(), "PULL");
    auto const frame = ZmtpStranger::frame("", true);
    bool cut = false;
    loop.until([&] {
        for (int i = 0; i < 1'000 && !cut; ++i) {
            cut = !stranger.say(frame);
        }
        return cut;
    });
}

TEST_CASE("a buffer that was given back is given out again") {
    BufferPool pool(1'000'000);
    auto first = pool.take(1000);
    REQUIRE(first.bytes.size() == 1000);
    auto const* const memory = first.bytes.data();
    auto const second = pool.take(1000);
    CHECK(second.bytes.data() != memory);
    first = {};
    auto const third = pool.take(900);
    CHECK(third.bytes.data() == memory);
    CHECK(third.bytes.size() == 900);
}

TEST_CASE("a much larger buffer is left to those who need it") {
    BufferPool pool(1'000'000);
    auto const* const memory = pool.take(100'000).bytes.data();
    auto const small = pool.take(1000);
    auto const large = pool.take(90'000);
    CHECK(small.bytes.data() != memory);
    CHECK(large.bytes.data() == memory);
}

TEST_CASE("a pool keeps no more than it was allowed to") {
    BufferPool pool(0);
    std::weak_ptr<void> memory;
    {
        auto const buffer = pool.take(1000);
        memory = buffer.owner;
        std::memset(buffer.bytes.data(), 1, buffer.bytes.size());
    }
    CHECK(memory.expired());
}

TEST_CASE("buffers may outlive their pool and come back on any thread") {
    BufferPool::Buffer buffer;
    {
        BufferPool pool(1'000'000);
        buffer = pool.take(1000);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&pool] {
                for (int i = 0; i < 1000; ++i) {
                    auto const taken = pool.take(500);
                    std::memset(taken.bytes.data(), i, taken.bytes.size());
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
    }
    std::memset(buffer.bytes.data(), 1, buffer.bytes.size());
    CHECK(buffer.bytes.size() == 1000);
}
