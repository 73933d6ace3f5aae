#include "../../bus/zmtp.hpp"
#include "catch.hpp"
#include "temp_dir.hpp"

#include <xfsbus/peer/peer.hpp>

#include <future>
#include <stdexcept>

using namespace xfsbus;
using namespace xfsbus::peer;

TEST_CASE("A peer that meets a fault on its own thread says so, and keeps nobody waiting") {
    test::TempDir const directory;
    std::promise<Error> failed;
    PeerOptions options;
    options.directory = directory.path();
    options.plugin_directories = {XFSBUS_PLUGINS};
    // As if there were no memory for it.
    options.log = [](LogLevel level, std::string_view) {
        if (level == LogLevel::debug) {
            throw std::runtime_error("no memory");
        }
    };
    options.on_failed = [&](Error const& error) { failed.set_value(error); };
    auto started = Peer::start(std::move(options));
    REQUIRE(started.ok());
    auto& sut = **started;
    auto waiting = std::async(std::launch::async,
                              [&] { return sut.wait_for_tracker(std::chrono::minutes(1)); });
    // What it refuses it tells its log.
    ZmtpStranger const stranger({"127.0.0.1", sut.status().port}, "DEALER");
    stranger.say(ZmtpStranger::frame("no message", false));

    auto const error = failed.get_future().get();
    CHECK(error.code == Errc::failed);
    CHECK(error.message.find("no memory") != std::string::npos);
    auto const answer = waiting.get();
    REQUIRE_FALSE(answer.ok());
    CHECK(sut.find("a").error() == error);
    CHECK(sut.files().empty());
}
