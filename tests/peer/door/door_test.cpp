// The door, with real peers behind it and real sockets before it.
#include "corrupt.hpp"
#include "http_client.hpp"
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/door/door.hpp>
#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr auto const* here = "127.0.0.1";
/// Descriptors of connections to other peers, which are kept for a while; fewer than eight visits
/// have.
constexpr std::ptrdiff_t of_links = 12;

std::string noise_of(std::size_t bytes) {
    std::mt19937 random(7);
    std::string block(100'003, '\0');
    std::ranges::generate(block, [&] { return static_cast<char>(random()); });
    std::string text;
    while (text.size() < bytes) {  // no two chunks are the same
        text += std::to_string(text.size()) + block;
    }
    text.resize(bytes);
    return text;
}

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// A source with a file, and a peer with a door, which fetches so many bytes a second.
struct House {
    explicit House(std::size_t bytes, std::uint64_t rate = 0, door::Limits const& limits = {},
                   std::string const& token = {})
        : text(noise_of(bytes)) {
        std::ofstream(share.path() / "film one.bin", std::ios::binary) << text;
        auto from = options_for(tracker);
        from.directory = share.path();
        from.watch = false;
        source = Peer::start(std::move(from)).value();
        REQUIRE(source->wait_until_shared(patience));
        auto to = options_for(tracker);
        to.directory = downloads.path();
        to.download_limit = rate;
        sink = Peer::start(std::move(to)).value();
        REQUIRE(sink->wait_until_shared(patience));
        door::Options options;
        options.limits = limits;
        options.token = token;
        door = door::Door::open(*sink, std::move(options)).value();
    }

    [[nodiscard]] std::uint16_t port() const { return door->endpoint().port; }

    [[nodiscard]] HttpReply get(std::string const& headers = {},
                                std::string const& method = "GET") const {
        return http(here, port(), target, headers, method);
    }

    [[nodiscard]] std::string content() const {
        return source->files(patience).value().at(0).content;
    }

    [[nodiscard]] bool is_idle() const {
        return sink->status(patience).value().downloading.empty();
    }

    static constexpr auto const* target = "/files/film%20one.bin";
    RunningTracker tracker;
    TempDir share;
    TempDir downloads;
    std::string text;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
    std::unique_ptr<door::Door> door;
};

/// Counts the calls that send straight from a file, of which those from `from` on fail. Must
/// outlive those whose calls it sees.
class Straight final : public files::Faults {
  public:
    Straight(int from, int error) : from_(from), error_(error) { files::set_faults(this); }

    ~Straight() override { files::set_faults(nullptr); }

    Straight(Straight const&) = delete;
    Straight& operator=(Straight const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        bool const fails = call == "sendfile" && ++calls >= from_;
        return {.error = fails ? error_ : 0};
    }

    std::atomic<int> calls = 0;

  private:
    int from_;
    int error_;
};

constexpr int never = std::numeric_limits<int>::max();

}  // namespace

TEST_CASE("What comes is sent straight from the disk, and what is here is read and looked at") {
    Straight straight(never, 0);
    House const sut(8 * mib, 8 * mib);
    CHECK(sut.get().body == sut.text);
    CHECK(straight.calls > 0);
    REQUIRE(comes_true([&] { return sut.is_idle(); }));
    int const while_it_came = straight.calls;
    CHECK(sut.get().body == sut.text);
    CHECK(straight.calls == while_it_came);
}

TEST_CASE("Where a file system cannot send from a file, what comes is read") {
    Straight straight(2, EINVAL);
    House const sut(8 * mib, 8 * mib);
    auto const reply = sut.get();
    CHECK_FALSE(reply.cut);
    CHECK(reply.body == sut.text);
    CHECK(straight.calls >= 2);
}

TEST_CASE("A disk that fails cuts an answer that is sent straight from it") {
    Straight straight(2, EIO);
    House const sut(8 * mib, 8 * mib);
    auto const reply = sut.get();
    CHECK(reply.cut);
    CHECK(reply.body.size() < sut.text.size());
    CHECK(sut.text.starts_with(reply.body));
}

TEST_CASE("A file is had over HTTP while it is fetched, and again when it is here") {
    House const sut(5 * mib + 12'345);
    for (int i = 0; i < 2; ++i) {
        auto const reply = sut.get();
        CHECK(reply.status == 200);
        CHECK_FALSE(reply.cut);
        CHECK(reply.body == sut.text);
        CHECK(reply.header("ETag") == "\"" + sut.content() + "\"");
        CHECK(reply.header("Accept-Ranges") == "bytes");
        REQUIRE(comes_true([&] { return sut.is_idle(); }));
    }
    CHECK(std::filesystem::file_size(sut.downloads.path() / "film one.bin") == sut.text.size());
}

TEST_CASE("A part of a file is had, a HEAD has no body, and what is known is not sent again") {
    House const sut(3 * mib);
    auto const part = sut.get("Range: bytes=2000000-2000099\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == sut.text.substr(2'000'000, 100));
    CHECK(part.header("Content-Range") == "bytes 2000000-2000099/" + std::to_string(3 * mib));
    auto const head = sut.get({}, "HEAD");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.header("Content-Length") == std::to_string(3 * mib));
    auto const known = sut.get("If-None-Match: " + head.header("ETag") + "\r\n");
    CHECK(known.status == 304);
    CHECK(known.body.empty());
    CHECK(sut.get("Range: bytes=3145728-\r\n").status == 416);
    CHECK(sut.get("Range: bytes=0-9\r\nIf-Range: \"other\"\r\n").body == sut.text);
}

TEST_CASE("What nobody has, and what is no way to ask, is answered with a status and a word") {
    House const sut(1 * mib);
    auto const missing = http(here, sut.port(), "/files/missing.bin");
    CHECK(missing.status == 404);
    CHECK_THAT(missing.body, ContainsSubstring("missing.bin"));
    CHECK(http(here, sut.port(), "/files/*.bin").status == 404);  // no pattern
    CHECK(http(here, sut.port(), "/").status == 404);
    CHECK(sut.get({}, "DELETE").status == 405);
    HttpClient stranger(here, sut.port());
    stranger.say("GET /files/film%20one.bin HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    CHECK(stranger.reply().status == 403);
    HttpClient wordy(here, sut.port());
    wordy.say("GET /files/a HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n");
    CHECK(wordy.reply().status == 431);
    HttpClient noise(here, sut.port());
    noise.say("\x16\x03\x01 this is no HTTP\r\n\r\n");
    CHECK(noise.reply().status == 400);
}

TEST_CASE("Who does not show the token of the door is told nothing") {
    House const sut(1 * mib, 0, {}, "0123456789abcdef");
    CHECK(sut.get().status == 401);
    CHECK(http(here, sut.port(), "/files/missing").status == 401);
    CHECK(sut.get("Authorization: Bearer 0123456789abcdeX\r\n").status == 401);
    CHECK(sut.get("Authorization: Bearer 0123456789abcdef\r\n").body == sut.text);
    auto const by_query = std::string(House::target) + "?token=0123456789abcdef";
    CHECK(http(here, sut.port(), by_query).body == sut.text);
    CHECK(sut.is_idle());
}

TEST_CASE("Of more than are answered at once the next is told at once to come again") {
    door::Limits limits;
    limits.visits = 2;
    House const sut(32 * mib, 1 * mib, limits);
    HttpClient first(here, sut.port());
    HttpClient second(here, sut.port());
    first.ask(House::target);
    second.ask(House::target);
    CHECK_FALSE(first.hear().empty());
    CHECK_FALSE(second.hear().empty());
    auto const third = sut.get();
    CHECK(third.status == 503);
    CHECK(third.header("Retry-After") == "1");
}

TEST_CASE("Who says nothing, or says it slowly, holds up nobody and is sent away") {
    door::Limits limits;
    limits.waiting = 4;
    limits.head = 300ms;
    House const sut(1 * mib, 0, limits);
    std::vector<std::unique_ptr<HttpClient>> silent;
    for (int i = 0; i < 10; ++i) {
        silent.push_back(std::make_unique<HttpClient>(here, sut.port()));
        silent.back()->say("GET /files/");
    }
    CHECK(sut.get().body == sut.text);
    CHECK(silent.front()->hear().empty());  // it made room
    HttpClient late(here, sut.port());
    late.say("GET ");
    CHECK(late.reply().status == 408);
}

TEST_CASE("Who does not read is cut off, and leaves nothing behind") {
    door::Limits limits;
    limits.slow = 200ms;
    limits.keep = 0ms;
    House const sut(32 * mib, 0, limits);
    auto const before = open_descriptors();
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<HttpClient>(here, sut.port()));
        clients.back()->be_slow();
        clients.back()->ask(House::target);
    }
    auto const theirs = static_cast<std::ptrdiff_t>(clients.size());
    CHECK(comes_true([&] { return open_descriptors() > before + theirs + of_links; }));
    CHECK(comes_true(
        [&] { return open_descriptors() <= before + theirs + of_links && sut.is_idle(); }));
    for (auto const& client : clients) {
        CHECK(client->reply().cut);
    }
}

TEST_CASE("Who goes away in the middle leaves no download and no descriptor behind") {
    door::Limits limits;
    limits.keep = 0ms;
    House const sut(64 * mib, 2 * mib, limits);
    auto const before = open_descriptors();
    for (int i = 0; i < 8; ++i) {
        HttpClient client(here, sut.port());
        client.ask(House::target, i % 2 == 1 ? "Range: bytes=60000000-\r\n" : "");
        CHECK_THAT(client.hear(), ContainsSubstring("HTTP/1.1 20"));
        CHECK_FALSE(sut.is_idle());
    }
    CHECK(comes_true([&] { return sut.is_idle(); }));
    CHECK(comes_true([&] { return open_descriptors() <= before + of_links; }));
}

TEST_CASE("A download goes on for a while between two requests for it") {
    House const sut(64 * mib, 4 * mib);
    for (auto const* range : {"bytes=0-99", "bytes=60000000-60000099", "bytes=30000000-30000099"}) {
        CHECK(sut.get("Range: " + std::string(range) + "\r\n").status == 206);
        CHECK_FALSE(sut.is_idle());
    }
}

TEST_CASE("Of a damaged source no wrong byte is sent: the answer is cut where they begin") {
    House const sut(8 * mib, 8 * mib);
    auto const version = std::string(House::target) + "@" + sut.content();
    corrupt(sut.share.path() / "film one.bin", 6 * mib);
    HttpClient client(here, sut.port());
    client.ask(version);
    auto const reply = client.reply();
    if (reply.status == 200) {
        CHECK(reply.cut);
        CHECK(reply.body.size() <= 6 * mib);
        CHECK(sut.text.starts_with(reply.body));
    } else {
        CHECK(reply.status == 502);  // the damage was met before the first byte was there
    }
    auto const part = http(here, sut.port(), version, "Range: bytes=6291456-6291460\r\n");
    CHECK((part.status == 502 || part.status == 404));  // the source has looked at it by now
}

TEST_CASE("A door that is closed ends what goes on at once, and listens no more") {
    House sut(64 * mib, 1 * mib);
    HttpClient client(here, sut.port());
    HttpClient silent(here, sut.port());
    client.ask(House::target);
    CHECK_FALSE(client.hear().empty());
    auto const port = sut.port();
    sut.door.reset();
    CHECK(client.reply().cut);
    CHECK(silent.hear().empty());
    CHECK_THROWS(HttpClient(here, port));
    CHECK(comes_true([&] { return sut.is_idle(); }));
}

TEST_CASE("A door that cannot listen where it is told says so") {
    House const sut(1 * mib);
    door::Options options;
    options.listen.port = sut.port();
    auto const taken = door::Door::open(*sut.sink, options);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::network);
    options.listen = {"192.0.2.1", 0};
    CHECK_FALSE(door::Door::open(*sut.sink, options));
}

TEST_CASE("Of files that nobody reads so many stay open, those that were read last") {
    door::Limits limits;
    limits.kept = 1;
    House const sut(64 * mib, 4 * mib, limits);
    std::ofstream(sut.share.path() / "small") << "some words";
    REQUIRE(sut.source->update_list(patience));
    CHECK(sut.get("Range: bytes=0-99\r\n").status == 206);
    CHECK_FALSE(sut.is_idle());
    CHECK(http(here, sut.port(), "/files/small").body == "some words");
    CHECK(comes_true([&] { return sut.is_idle(); }));
    CHECK_FALSE(std::filesystem::exists(sut.downloads.path() / "film one.bin"));
}

TEST_CASE("A file that is not found in time is answered so") {
    door::Limits limits;
    limits.open = 0ms;
    House const sut(1 * mib, 0, limits);
    // No time is enough if the thread that is to wait gets no processor meanwhile.
    CHECK(comes_true([&] { return sut.get().status == 504; }));
}

TEST_CASE("A file that the program publishes is had over HTTP") {
    House const sut(1);
    auto const text = noise_of(mib);
    REQUIRE(sut.sink->publish({"made up.bin", owned(text)}, patience));
    auto const reply =
        http(here, sut.port(), "/files/made%20up.bin", "Range: bytes=100-1099\r\n", "GET");
    CHECK(reply.status == 206);
    CHECK(reply.body == text.substr(100, 1000));
}
