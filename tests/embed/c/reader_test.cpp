// Files that are read in C while they come.
#include "client.hpp"

#include <cstddef>
#include <thread>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

constexpr std::size_t film_bytes = 3'000'000;

/// A source with a file, and what stands in it.
struct Shared {
    Shared() {
        while (text.size() < film_bytes) {  // no two places are the same
            text += std::to_string(text.size()) + ' ';
        }
        text.resize(film_bytes);
        std::ofstream(bus.share() / "film.bin") << text;
        source = bus.source();
    }

    Bus bus;
    std::string text;
    PeerHandle source;
};

ReaderHandle opened(PeerHandle const& peer, xfsbus_open_options const* options = nullptr) {
    xfsbus_reader* reader = nullptr;
    xfsbus_error error;
    auto const code =
        xfsbus_peer_open(peer.get(), "film.bin", options, patience_ms, &reader, &error);
    INFO(error.message);
    REQUIRE(code == XFSBUS_OK);
    return ReaderHandle(reader);
}

/// From there to the end of the file.
std::string text_from(ReaderHandle const& reader, std::uint64_t offset) {
    std::string text;
    std::string some(100'000, '\0');
    while (true) {
        std::size_t got = 0;
        REQUIRE(xfsbus_reader_read(reader.get(), offset + text.size(), some.data(), some.size(),
                                   patience_ms, &got, nullptr) == XFSBUS_OK);
        if (got == 0) {
            return text;
        }
        text.append(some, 0, got);
    }
}

StopHandle new_stop() {
    xfsbus_stop* stop = nullptr;
    REQUIRE(xfsbus_stop_create(&stop, nullptr) == XFSBUS_OK);
    return StopHandle(stop);
}

}  // namespace

TEST_CASE("A program in C reads a file while it comes, from anywhere") {
    Shared const shared;
    auto const sink = shared.bus.sink();
    auto const reader = opened(sink);
    CHECK(xfsbus_reader_name(reader.get()) == std::string("film.bin"));
    CHECK(std::string(xfsbus_reader_content(reader.get())).size() == 64);
    CHECK(xfsbus_reader_size(reader.get()) == film_bytes);
    CHECK(text_from(reader, 2'000'000) == shared.text.substr(2'000'000));
    CHECK(text_from(reader, 0) == shared.text);
    CHECK(text_from(reader, film_bytes).empty());
    CHECK(xfsbus_reader_wait_until_whole(reader.get(), patience_ms, nullptr) == XFSBUS_OK);
    CHECK(std::filesystem::file_size(shared.bus.downloads() / "film.bin") == film_bytes);
}

TEST_CASE("A read in C that is not answered in time may be tried again") {
    Shared const shared;
    auto const sink = shared.bus.sink(film_bytes / 8);
    auto const reader = opened(sink);
    char byte = 0;
    std::size_t got = 1;
    std::uint64_t missing = 0;  // which places are here first is not known
    while (xfsbus_reader_read(reader.get(), missing, &byte, 1, 0, &got, nullptr) == XFSBUS_OK) {
        missing += 100'000;
        REQUIRE(missing < film_bytes);
    }
    CHECK(got == 0);
    CHECK(xfsbus_reader_wait_until_whole(reader.get(), 0, nullptr) == XFSBUS_ERROR_TIMEOUT);
    REQUIRE(xfsbus_reader_read(reader.get(), missing, &byte, 1, patience_ms, &got, nullptr) ==
            XFSBUS_OK);
    CHECK(got == 1);
    CHECK(byte == shared.text[missing]);
}

TEST_CASE("A reader in C that is kept lets its download go on, and outlives its peer") {
    Shared const shared;
    auto options = zeroed<xfsbus_open_options>();
    options.flags = XFSBUS_OPEN_KEEP;
    options.wait_ms = patience_ms;
    auto sink = shared.bus.sink();
    auto const events = events_of(sink);
    opened(sink, &options).reset();
    auto const reader = opened(sink, &options);
    CHECK(xfsbus_reader_wait_until_whole(reader.get(), patience_ms, nullptr) == XFSBUS_OK);
    sink.reset();
    CHECK(xfsbus_reader_size(reader.get()) == film_bytes);
}

TEST_CASE("A different file of the name is replaced by an opening in C only if it is to be") {
    Shared const shared;
    write_file(shared.bus.downloads() / "film.bin", 10);
    auto const sink = shared.bus.sink();
    xfsbus_reader* none = nullptr;
    CHECK(xfsbus_peer_open(sink.get(), "film.bin", nullptr, patience_ms, &none, nullptr) ==
          XFSBUS_ERROR_DISK);
    auto options = zeroed<xfsbus_open_options>();
    options.flags = XFSBUS_OPEN_FORCE;
    CHECK(text_from(opened(sink, &options), 0) == shared.text);
}

TEST_CASE("A read in C without a place to read to is refused, and said what is missing") {
    Shared const shared;
    auto const reader = opened(shared.source);
    xfsbus_error error;
    char byte = 0;
    std::size_t got = 1;
    CHECK(xfsbus_reader_read(reader.get(), 0, nullptr, 1, 0, &got, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("buffer is NULL"));
    CHECK(got == 0);
    CHECK(xfsbus_reader_read(reader.get(), 0, &byte, 1, 0, nullptr, &error) == XFSBUS_ERROR_USAGE);
    CHECK(error.message == std::string("bytes_read is NULL"));
}

TEST_CASE("What ends a reader in C is said: nobody has it, its peer has ended") {
    Shared const shared;
    auto sink = shared.bus.sink(film_bytes / 100);
    xfsbus_reader* none = nullptr;
    CHECK(xfsbus_peer_open(sink.get(), "nothing", nullptr, patience_ms, &none, nullptr) ==
          XFSBUS_ERROR_NOT_FOUND);
    CHECK(none == nullptr);
    auto const reader = opened(sink);
    sink.reset();
    char byte = 0;
    std::size_t got = 0;
    CHECK(xfsbus_reader_read(reader.get(), film_bytes - 1, &byte, 1, patience_ms, &got, nullptr) ==
          XFSBUS_ERROR_ENDED);
}

TEST_CASE(
    "An opening in C that waits for a source is stopped on request, before it or while it is") {
    Bus const bus;
    auto const sink = bus.sink();
    auto const stop = new_stop();
    auto options = zeroed<xfsbus_open_options>();
    options.wait_ms = 10 * patience_ms;
    options.stop = stop.get();
    auto const open = [&] {
        xfsbus_reader* reader = nullptr;
        return xfsbus_peer_open(sink.get(), "nothing", &options, -1, &reader, nullptr);
    };
    auto code = XFSBUS_OK;
    std::thread opening([&] { code = open(); });
    xfsbus_stop_request(stop.get());
    opening.join();
    CHECK(code == XFSBUS_ERROR_INTERRUPTED);
    CHECK(open() == XFSBUS_ERROR_INTERRUPTED);
}

TEST_CASE("An opening in C that makes no sense is refused, and said why") {
    Bus const bus;
    auto const sink = bus.sink();
    xfsbus_error error;
    xfsbus_reader* reader = nullptr;
    auto const refused = [&](char const* name, xfsbus_open_options const& options,
                             std::string const& why) {
        CHECK(xfsbus_peer_open(sink.get(), name, &options, 0, &reader, &error) ==
              XFSBUS_ERROR_USAGE);
        CHECK_THAT(error.message, ContainsSubstring(why));
        CHECK(reader == nullptr);
    };
    auto options = zeroed<xfsbus_open_options>();
    refused(nullptr, options, "name is NULL");
    options.flags = 8;
    refused("a", options, "options.flags");
    options.flags = 0;
    options.wait_ms = -1;
    refused("a", options, "options.wait_ms");
    options.size = 0;
    refused("a", options, "options.size");
}
