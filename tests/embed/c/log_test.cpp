// What a peer says of itself, in C.
#include "client.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

using LineAnswer = std::unique_ptr<xfsbus_log_event const, Freed<xfsbus_log_event_free>>;
using LogQueueHandle = std::unique_ptr<xfsbus_log_queue, Freed<xfsbus_log_queue_free>>;

/// What a program keeps of the lines.
struct Kept {
    std::mutex mutex;
    std::vector<std::string> names;
    std::string address;
    std::uint64_t data_port = 1;
    std::atomic<bool> over = false;
    std::atomic<bool> late = false;
    std::atomic<int> released = 0;
};

extern "C" void keep(void* user, xfsbus_log_event const* line) {
    auto& kept = *static_cast<Kept*>(user);
    std::lock_guard const lock(kept.mutex);
    kept.late = kept.late || kept.over;
    kept.names.emplace_back(line->name);
    for (std::size_t i = 0; i < line->fields_count; ++i) {
        auto const& field = *line->fields[i];
        if (field.name == std::string("address") && field.kind == XFSBUS_LOG_TEXT) {
            kept.address = field.text;
        } else if (field.name == std::string("data_port") && field.kind == XFSBUS_LOG_NUMBER) {
            kept.data_port = field.number;
        }
    }
}

extern "C" void give_back(void* user) {
    ++static_cast<Kept*>(user)->released;
}

extern "C" void keep_and_throw(void* user, xfsbus_log_event const* line) {
    keep(user, line);
    throw std::runtime_error("a program in C++ that uses the interface in C");
}

/// Once its tracker knows it.
PeerHandle started(xfsbus_options const& options) {
    auto peer = Bus::started(options);
    REQUIRE(xfsbus_peer_wait_for_tracker(peer.get(), patience_ms, nullptr) == XFSBUS_OK);
    return peer;
}

LogQueueHandle queue_of(std::uint64_t most) {
    xfsbus_log_queue* queue = nullptr;
    REQUIRE(xfsbus_log_queue_create(most, &queue, nullptr) == XFSBUS_OK);
    return LogQueueHandle(queue);
}

LineAnswer take(LogQueueHandle const& queue) {
    xfsbus_log_event const* line = nullptr;
    REQUIRE(xfsbus_log_queue_take(queue.get(), patience_ms, &line, nullptr) == XFSBUS_OK);
    return LineAnswer(line);
}

void put(LogQueueHandle const& queue, char const* text) {
    xfsbus_log_field const field{sizeof field, "answer", "", 42, 0, XFSBUS_LOG_NUMBER};
    xfsbus_log_field const* const fields[] = {&field};
    xfsbus_log_event const line{sizeof line, "made", text, XFSBUS_LOG_INFO, 1, fields};
    xfsbus_log_queue_put(queue.get(), &line);
}

}  // namespace

TEST_CASE("A program in C is told the lines of its peer, and none after the peer is freed") {
    Bus const bus;
    Kept kept;
    auto options = bus.options();
    options.log = GENERATE(&keep, &keep_and_throw);
    options.log_user = &kept;
    auto peer = started(options);
    peer.reset();
    kept.over = true;
    CHECK(std::ranges::count(kept.names, "started") == 1);
    CHECK(std::ranges::count(kept.names, "tracker-found") == 1);
    CHECK(kept.address.starts_with("127.0.0.1:"));
    CHECK(kept.data_port == 0);
    CHECK_FALSE(kept.late);
}

TEST_CASE("A program in C is told no less than it wants to hear") {
    Bus const bus;
    Kept kept;
    auto options = bus.options();
    options.log = &keep;
    options.log_user = &kept;
    options.log_level = XFSBUS_LOG_ERROR;
    started(options);
    CHECK(kept.names.empty());
    options.log_level = 5;
    xfsbus_peer* peer = nullptr;
    CHECK(xfsbus_peer_start(&options, &peer, nullptr) == XFSBUS_ERROR_USAGE);
}

TEST_CASE("What a log in C was lent is given back once, with the peer or without one") {
    Bus const bus;
    Kept kept;
    auto options = bus.options();
    options.log = GENERATE(&keep, nullptr);
    options.log_user = &kept;
    options.log_release = &give_back;
    auto peer = started(options);
    CHECK(kept.released == (options.log == nullptr ? 1 : 0));
    peer.reset();
    CHECK(kept.released == 1);
    CHECK_FALSE(kept.late);
    xfsbus_peer* none = nullptr;
    options.log_level = 5;
    CHECK(xfsbus_peer_start(&options, &none, nullptr) == XFSBUS_ERROR_USAGE);
    CHECK(kept.released == 2);
    options.log_level = XFSBUS_LOG_INFO;
    options.directory = "/nobody/has/this";
    CHECK(xfsbus_peer_start(&options, &none, nullptr) != XFSBUS_OK);
    CHECK(kept.released == 3);
}

TEST_CASE("A queue of lines in C has those of a peer in their order, and then ends") {
    Bus const bus;
    auto const queue = queue_of(1000);
    auto options = bus.options();
    options.log = xfsbus_log_queue_put;
    options.log_user = queue.get();
    options.log_release = xfsbus_log_queue_end;
    options.log_level = XFSBUS_LOG_INFO;
    auto peer = started(options);
    peer.reset();
    auto const first = take(queue);
    REQUIRE(first);
    CHECK(first->size == sizeof *first);
    CHECK(first->name == std::string("started"));
    CHECK(first->level == XFSBUS_LOG_INFO);
    CHECK(first->fields_count == 3);
    while (take(queue)) {
    }
    CHECK_FALSE(take(queue));
}

TEST_CASE("A queue of lines in C that nobody empties counts what is missing, and goes on then") {
    auto const queue = queue_of(2);
    for (auto const* text : {"1", "2", "3", "4"}) {
        put(queue, text);
    }
    CHECK(take(queue)->text == std::string("1"));
    put(queue, "5");  // behind a gap that has not been told of
    CHECK(take(queue)->text == std::string("2"));
    auto const lost = take(queue);
    CHECK(lost->name == std::string("log-lost"));
    CHECK(lost->level == XFSBUS_LOG_WARNING);
    CHECK(lost->fields[0]->number == 3);
    put(queue, "6");
    auto const last = take(queue);
    CHECK(last->text == std::string("6"));
    CHECK(last->fields[0]->name == std::string("answer"));
    CHECK(last->fields[0]->number == 42);
    xfsbus_log_event const* none = nullptr;
    CHECK(xfsbus_log_queue_take(queue.get(), 0, &none, nullptr) == XFSBUS_ERROR_TIMEOUT);
    CHECK(none == nullptr);
}

TEST_CASE("The end of a queue of lines in C is heard by who waits for one") {
    auto const queue = queue_of(1);
    auto waiting = std::async(std::launch::async, [&] { return take(queue); });
    xfsbus_log_queue_end(queue.get());
    CHECK_FALSE(waiting.get());
    xfsbus_log_queue* none = nullptr;
    CHECK(xfsbus_log_queue_create(0, &none, nullptr) == XFSBUS_ERROR_USAGE);
}
