#include "catch.hpp"

#include <xfsbus/program/output.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

using xfsbus::program::Output;

namespace {

/// A pipe; both ends are closed at the end of the scope.
struct Pipe {
    Pipe() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }

    ~Pipe() {
        close_end(0);
        close_end(1);
    }

    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;

    void close_end(std::size_t which) {
        if (ends[which] >= 0) {
            ::close(ends[which]);
            ends[which] = -1;
        }
    }

    /// All that was written, once the writing end is closed.
    [[nodiscard]] std::string rest() const {
        std::string text;
        std::array<char, 4096> bytes{};
        for (ssize_t n = 0; (n = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
            text.append(bytes.data(), static_cast<std::size_t>(n));
        }
        return text;
    }

    std::array<int, 2> ends{-1, -1};
};

/// A stream that writes to a device which takes nothing.
struct Full {
    int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    std::ostream stream{nullptr};
    Output output{stream, fd};

    Full() = default;

    ~Full() { ::close(fd); }

    Full(Full const&) = delete;
    Full& operator=(Full const&) = delete;
};

}  // namespace

TEST_CASE("What a stream is given reaches the descriptor, in order and whole") {
    Pipe pipe;
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += std::to_string(i) + "\n";
    }
    std::string read;
    std::thread reader([&] { read = pipe.rest(); });
    std::ostream stream(nullptr);
    {
        Output output(stream, pipe.ends[1]);
        stream << "first " << std::flush << text << 'c';
        CHECK(output.flush() == 0);
        CHECK(stream.good());
    }
    pipe.close_end(1);
    reader.join();
    CHECK(read == "first " + text + "c");
}

TEST_CASE("What a device does not take makes the stream bad, and is told by its errno") {
    Full full;
    full.stream << "lost" << std::endl;
    CHECK(full.stream.bad());
    CHECK(full.output.flush() == ENOSPC);
}

TEST_CASE("What waits to be written is lost no less than what was written at once") {
    Full full;
    full.stream << "it waits";
    CHECK(full.stream.good());
    CHECK(full.output.flush() == ENOSPC);
    CHECK(full.stream.bad());
}

TEST_CASE("More than is kept back is written on the way, and fails there") {
    Full full;
    full.stream << std::string(1'000'000, 'x');
    CHECK(full.stream.bad());
    CHECK(full.output.flush() == ENOSPC);
}

TEST_CASE("A pipe whose reader is gone is told from a disk that is full") {
    auto* const before = std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    pipe.close_end(0);
    std::ostream stream(nullptr);
    Output output(stream, pipe.ends[1]);
    stream << "to nobody" << std::endl;
    CHECK(output.flush() == EPIPE);
    std::signal(SIGPIPE, before);
}

TEST_CASE("A pipe that does not wait for its reader loses nothing") {
    Pipe pipe;
    REQUIRE(::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK) == 0);
    std::string const text(1'000'000, 'y');  // more than a pipe holds
    std::string read;
    std::thread reader([&] { read = pipe.rest(); });
    std::ostream stream(nullptr);
    int error = -1;
    {
        Output output(stream, pipe.ends[1]);
        stream << text;
        error = output.flush();
    }
    pipe.close_end(1);
    reader.join();
    CHECK(error == 0);
    CHECK(read == text);
}

TEST_CASE("A stream has its own buffer again when the output is gone") {
    std::ostream stream(nullptr);
    {
        Pipe pipe;
        Output const output(stream, pipe.ends[1]);
        CHECK(stream.rdbuf() != nullptr);
    }
    CHECK(stream.rdbuf() == nullptr);
}
