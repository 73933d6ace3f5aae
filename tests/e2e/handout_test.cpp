// Which sources a tracker names, where it is told by a plug-in.
#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/messages.hpp>

#include <csignal>
#include <cstdint>
#include <string>
#include <variant>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

std::string const handout_ready = "xfs-tracker: ready on ";

/// A peer of a rack, known to the tracker.
class Neighbour {
  public:
    Neighbour(wire::Endpoint const& tracker, std::uint8_t number, std::string const& rack)
        : client_(tracker), port_(static_cast<std::uint16_t>(9000 + number)) {
        wire::PeerId id;
        id.bytes[0] = number;
        auto const registered = client_.ask(wire::Register{id, {host(), port_}, 0, "rack=" + rack});
        epoch_ = std::get<wire::Registered>(registered).epoch;
    }

    void offer(wire::FileEntry const& file) {
        auto const answer = client_.ask(wire::Update{epoch_, 1, true, true, {file}, {}});
        REQUIRE(std::holds_alternative<wire::Updated>(answer));
    }

    /// The port of the one source of the file that it is told.
    std::uint16_t find(std::string const& name) {
        wire::Find find{wire::FindBy::name, name, "", 0};
        find.sources = 1;
        auto const found = std::get<wire::Found>(client_.ask(find));
        return found.files.at(0).sources.at(0).listens.port;
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    BusClient client_;
    std::uint16_t port_;
    std::uint64_t epoch_ = 0;
};

}  // namespace

TEST_CASE("A find names what the handout wants, which SIGHUP swaps unless the new one is refused") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const config = (swarm.path() / "tracker.conf").string();
    write_file(config, "handout=libsamerack.so:far=0\n");
    Process tracker(XFS_TRACKER_PROGRAM,
                    {.arguments = {"--bind", "tcp://" + host() + ":0", "--config", config},
                     .environment = {},
                     .home = swarm.path()});
    tracker.wait_for_out("\n");
    auto const line = tracker.out();
    auto const endpoint = wire::parse_endpoint(
        line.substr(handout_ready.size(), line.find('\n') - handout_ready.size()));
    REQUIRE(endpoint);

    Neighbour far(*endpoint, 1, "a");
    Neighbour near(*endpoint, 2, "b");
    Neighbour asker(*endpoint, 3, "b");
    wire::FileEntry const file{"file.bin", wire::ContentId{}, 1000};
    far.offer(file);
    near.offer(file);
    for (int i = 0; i < 20; ++i) {
        REQUIRE(asker.find("file.bin") == near.port());
    }

    auto const reload = [&](std::string const& text) {
        write_file(config, text);
        tracker.signal(SIGHUP);
    };
    reload("handout=libsamerack.so:far=1\n");
    eventually("the other one is named", [&] { return asker.find("file.bin") == far.port(); });
    for (auto const* wrong :
         {"handout=libnothing.so\n", "handout=librarest.so\n", "handed=out\n"}) {
        auto const before = tracker.err().size();
        reload(wrong);
        tracker.wait_until("that it is refused", [&](auto const& output) {
            return output.err.find("handout-refused", before) != std::string::npos;
        });
        CHECK(asker.find("file.bin") == far.port());
    }
    reload("handout=libsamerack.so:far=0\n");
    eventually("the first one is named", [&] { return asker.find("file.bin") == near.port(); });
    reload("");
    tracker.wait_for_err("the built-in rule chooses");
    tracker.signal(SIGTERM);
    CHECK(tracker.wait() == 0);
}

TEST_CASE("A tracker does not start with a handout that is refused, and says why") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const [given, why] =
        GENERATE(table<char const*, char const*>({{"libnothing.so", "not found"},
                                                  {"libleastload.so", "a handout one is needed"},
                                                  {"libsamerack.so:far=many", "'many'"}}));
    Process::Options options{.arguments = {"--bind", "tcp://" + host() + ":0", "--handout", given},
                             .environment = {},
                             .home = swarm.path()};
    auto const ended = run_to_end(XFS_TRACKER_PROGRAM, options);
    CHECK(ended.code == 11);
    CHECK(ended.out.empty());
    CHECK(ended.says(why));
}
