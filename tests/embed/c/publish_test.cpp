// What a program in C shares without a directory.
#include "client.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

/// A text that a program in C has, and what has been done with it.
struct Text {
    explicit Text(std::string of) : text(std::move(of)) {}

    static int32_t read(void* user, uint64_t offset, void* buffer, size_t buffer_size) {
        auto& self = *static_cast<Text*>(user);
        ++self.reads;
        if (self.trouble) {
            return XFSBUS_ERROR_DISK;
        }
        std::memcpy(buffer, self.text.data() + offset, buffer_size);
        return XFSBUS_OK;
    }

    static void release(void* user) { ++static_cast<Text*>(user)->released; }

    [[nodiscard]] xfsbus_publish_memory_request memory(char const* name) {
        auto request = zeroed<xfsbus_publish_memory_request>();
        request.name = name;
        request.data = text.data();
        request.data_bytes = text.size();
        request.release = release;
        request.user = this;
        return request;
    }

    [[nodiscard]] xfsbus_publish_blocks_request blocks(char const* name) {
        auto request = zeroed<xfsbus_publish_blocks_request>();
        request.name = name;
        request.bytes = text.size();
        request.read = read;
        request.release = release;
        request.user = this;
        return request;
    }

    std::string text;
    std::atomic<int> reads = 0;
    std::atomic<int> released = 0;
    std::atomic<bool> trouble = false;
};

template <typename Request>
PublishedAnswer published(xfsbus_code (*publish)(xfsbus_peer*, Request const*, int64_t,
                                                 xfsbus_published const**, xfsbus_error*),
                          PeerHandle const& peer, Request const& request) {
    xfsbus_published const* answer = nullptr;
    xfsbus_error error;
    auto const code = publish(peer.get(), &request, patience_ms, &answer, &error);
    INFO(error.message);
    REQUIRE(code == XFSBUS_OK);
    return PublishedAnswer(answer);
}

/// What the other peer gets of it; nullopt: nothing.
std::optional<std::string> fetched(Bus const& bus, PeerHandle const& sink, char const* name) {
    auto const request = download_of(name);
    if (xfsbus_peer_download(sink.get(), &request, patience_ms, nullptr, nullptr) != XFSBUS_OK) {
        return std::nullopt;
    }
    std::ifstream file(bus.downloads() / name, std::ios::binary);
    return std::string(std::istreambuf_iterator(file), {});
}

xfsbus_code unpublish(PeerHandle const& peer, char const* name) {
    return xfsbus_peer_unpublish(peer.get(), name, patience_ms, nullptr);
}

}  // namespace

TEST_CASE("A program in C publishes memory, which is fetched, and given back when it is not") {
    Bus const bus;
    Text text(std::string(300'000, 'x') + "end");
    auto const source = bus.sink();
    auto const sink = bus.sink();
    auto const answer = published(xfsbus_peer_publish_memory, source, text.memory("a"));
    CHECK(answer->name == std::string("a"));
    CHECK(answer->bytes == text.text.size());
    CHECK(std::string(answer->content).size() == 64);
    CHECK(answer->manifest_bytes > 3 * 32);
    CHECK(fetched(bus, sink, "a") == text.text);
    CHECK(text.released == 0);
    CHECK(unpublish(source, "a") == XFSBUS_OK);
    CHECK(text.released == 1);
    CHECK(unpublish(source, "a") == XFSBUS_ERROR_NOT_FOUND);
}

TEST_CASE("Memory that is not released is copied") {
    Bus const bus;
    auto text = std::make_unique<Text>("abc");
    auto request = text->memory("a");
    request.release = nullptr;
    auto const source = bus.sink();
    published(xfsbus_peer_publish_memory, source, request);
    text.reset();
    CHECK(fetched(bus, bus.sink(), "a") == "abc");
}

TEST_CASE("A program in C publishes a file that lies elsewhere, and knows its manifest again") {
    Bus const bus;
    TempDir const elsewhere;
    auto const path = elsewhere.path() / "original";
    write_file(path, 1000);
    auto request = zeroed<xfsbus_publish_file_request>();
    request.name = "a";
    request.path = path.c_str();
    auto const source = bus.sink();
    auto const first = published(xfsbus_peer_publish_file, source, request);
    REQUIRE(unpublish(source, "a") == XFSBUS_OK);
    request.name = "b";
    request.manifest = first->manifest;
    request.manifest_bytes = first->manifest_bytes;
    auto const second = published(xfsbus_peer_publish_file, source, request);
    CHECK(second->content == std::string(first->content));
    CHECK(fetched(bus, bus.sink(), "b") == std::string(1000, 'b'));
}

TEST_CASE(
    "A program in C is asked for the bytes that it publishes, and may be unable to read them") {
    Bus const bus;
    Text text(std::string(200'000, 'x') + "end");
    auto source = bus.sink();
    auto const sink = bus.sink();
    auto const answer = published(xfsbus_peer_publish_blocks, source, text.blocks("a"));
    text.trouble = true;
    CHECK_FALSE(fetched(bus, sink, "a"));
    text.trouble = false;
    CHECK(fetched(bus, sink, "a") == text.text);

    Text again(text.text);
    auto request = again.blocks("b");
    request.manifest = answer->manifest;
    request.manifest_bytes = answer->manifest_bytes;
    published(xfsbus_peer_publish_blocks, source, request);
    CHECK(again.reads == 0);
    source.reset();
    CHECK(text.released == 1);
    CHECK(again.released == 1);
}

TEST_CASE("To publish is a job in C as well, of its own kind") {
    Bus const bus;
    Text text("abc");
    auto const source = bus.sink();
    auto const events = events_of(source);
    auto const request = text.memory("a");
    xfsbus_job* started = nullptr;
    REQUIRE(xfsbus_peer_start_publish_memory(source.get(), &request, &started, nullptr) ==
            XFSBUS_OK);
    JobHandle const job(started);
    CHECK(next(events, XFSBUS_EVENT_JOB_DONE)->job == xfsbus_job_id(job.get()));
    xfsbus_published const* answer = nullptr;
    REQUIRE(xfsbus_job_published(job.get(), 0, &answer, nullptr) == XFSBUS_OK);
    CHECK(PublishedAnswer(answer)->bytes == 3);
    CHECK(xfsbus_job_summary(job.get(), 0, nullptr, nullptr) == XFSBUS_ERROR_USAGE);
    auto const blocks = text.blocks("a");
    REQUIRE(xfsbus_peer_start_publish_blocks(source.get(), &blocks, &started, nullptr) ==
            XFSBUS_OK);
    JobHandle const refused(started);
    CHECK(xfsbus_job_published(refused.get(), patience_ms, &answer, nullptr) == XFSBUS_ERROR_USAGE);
    CHECK(answer == nullptr);
    write_file(bus.share() / "original", 10);
    auto file = zeroed<xfsbus_publish_file_request>();
    auto const path = (bus.share() / "original").string();
    file.name = "b";
    file.path = path.c_str();
    REQUIRE(xfsbus_peer_start_publish_file(source.get(), &file, &started, nullptr) == XFSBUS_OK);
    JobHandle const third(started);
    CHECK(xfsbus_job_published(third.get(), patience_ms, nullptr, nullptr) == XFSBUS_OK);
}

TEST_CASE("What is handed over in C is released once, also by a call that is refused") {
    Bus const bus;
    auto const source = bus.sink();
    xfsbus_error error;
    auto const refused = [&](auto publish, xfsbus_peer* peer, auto request,
                             std::string const& why) {
        Text text("abc");
        request.release = Text::release;
        request.user = &text;
        CHECK(publish(peer, &request, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
        CHECK_THAT(error.message, ContainsSubstring(why));
        CHECK(text.released == 1);
    };
    Text text("abc");
    auto memory = text.memory("a");
    auto blocks = text.blocks("a");
    refused(xfsbus_peer_publish_memory, nullptr, memory, "peer is NULL");
    refused(xfsbus_peer_publish_blocks, nullptr, blocks, "peer is NULL");
    memory.data = nullptr;
    refused(xfsbus_peer_publish_memory, source.get(), memory, "request.data");
    memory.name = nullptr;
    refused(xfsbus_peer_publish_memory, source.get(), memory, "request.name");
    blocks.read = nullptr;
    refused(xfsbus_peer_publish_blocks, source.get(), blocks, "request.read");

    auto const request = text.memory("a");
    CHECK(xfsbus_peer_start_publish_memory(source.get(), &request, nullptr, &error) ==
          XFSBUS_ERROR_USAGE);
    CHECK(text.released == 1);
    auto file = zeroed<xfsbus_publish_file_request>();
    file.name = "a";
    CHECK(xfsbus_peer_publish_file(source.get(), &file, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("request.path is NULL"));
}

TEST_CASE("A program that cannot be called looks whether what it handed over is released") {
    Bus const bus;
    auto const source = bus.sink();
    Text text("abc");
    int32_t released = 0;
    auto request = text.memory("a");
    request.release = xfsbus_set_released;
    request.user = &released;
    published(xfsbus_peer_publish_memory, source, request);
    CHECK(released == 0);
    CHECK(unpublish(source, "a") == XFSBUS_OK);
    CHECK(released == 1);
}

TEST_CASE("A peer in C publishes no more files than its options say") {
    Bus const bus;
    auto options = bus.options();
    options.published_most = 1;
    auto const source = Bus::started(options);
    Text text("abc");
    published(xfsbus_peer_publish_memory, source, text.memory("a"));
    auto const request = text.memory("b");
    xfsbus_error error;
    CHECK(xfsbus_peer_publish_memory(source.get(), &request, patience_ms, nullptr, &error) ==
          XFSBUS_ERROR_USAGE);
    CHECK_THAT(error.message, ContainsSubstring("published_most"));
}
