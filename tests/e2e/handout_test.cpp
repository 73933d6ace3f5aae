// Which sources a tracker names, where it is told by a plug-in.
#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/messages.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
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

    /// Asks for one source of the file.
    wire::Message ask_for(std::string const& name) {
        wire::Find find{wire::FindBy::name, name, "", 0};
        find.sources = 1;
        return client_.ask(find);
    }

    /// The port of the one source of the file that it is told.
    std::uint16_t find(std::string const& name) {
        auto const found = std::get<wire::Found>(ask_for(name));
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
    // A sanitizer ends the program by itself, with a code.
    auto const* const crashes = XFS_INSTRUMENTED ? "it ends the program that loads it"
                                                 : "it crashes the program that loads it";
    for (auto const& [fault, word] :
         {std::pair("crash", crashes), std::pair("exit", "it ends the program that loads it")}) {
        auto const before = tracker.err().size();
        reload("handout=" + std::string(XFS_TEST_BAD_PLUGINS) +
               "/libfaulty-handout.so:fault=" + fault + "\n");
        tracker.wait_until("that it is refused", [&, word = word](auto const& output) {
            return output.err.find(word, before) != std::string::npos;
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

TEST_CASE("What a tracker answered is explained from its trace, by the rule that chose") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const trace = swarm.path() / "tracker.jsonl";
    Process tracker(XFS_TRACKER_PROGRAM,
                    {.arguments = {"--bind", swarm.endpoint(), "--trace", trace.string(),
                                   "--handout", "libsamerack.so:far=0"},
                     .environment = {},
                     .home = swarm.path()});
    tracker.wait_for_out("\n");
    auto const endpoint = *wire::parse_endpoint(swarm.endpoint());
    Neighbour far(endpoint, 1, "a");
    Neighbour near(endpoint, 2, "b");
    Neighbour asker(endpoint, 3, "b");
    wire::FileEntry const file{"file.bin", wire::ContentId{}, 1000};
    far.offer(file);
    near.offer(file);
    REQUIRE(asker.find("file.bin") == near.port());
    tracker.signal(SIGTERM);
    REQUIRE(tracker.wait() == 0);

    auto const said = swarm.run({"explain", "file.bin", "--trace", trace.string()});
    CHECK(said.code == 0);
    CHECK_THAT(said.out, ContainsSubstring("1 of 2 sources named, 1 wanted"));
    CHECK_THAT(said.out, ContainsSubstring("samerack"));
    auto const named = said.out.find(":" + std::to_string(near.port()));
    auto const next = said.out.find(":" + std::to_string(far.port()));
    CHECK(named < next);
    CHECK(next != std::string::npos);  // it would have come next
    CHECK(swarm.run({"explain", "other.bin", "--trace", trace.string()}).code == 3);
}

TEST_CASE(
    "A handout that hangs while SIGHUP has it tried keeps a tracker neither from its end nor "
    "from answering") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const config = (swarm.path() / "tracker.conf").string();
    write_file(config, "handout=libmixed.so\n");
    Process tracker(XFS_TRACKER_PROGRAM,
                    {.arguments = {"--bind", "tcp://" + host() + ":0", "--config", config},
                     .environment = {},
                     .home = swarm.path()});
    tracker.wait_for_out("\n");
    write_file(config, "handout=" + std::string(XFS_TEST_BAD_PLUGINS) +
                           "/libfaulty-handout.so:fault=hang\n");
    auto const begun = std::chrono::steady_clock::now();
    tracker.signal(SIGHUP);
    tracker.signal(SIGTERM);
    CHECK(tracker.wait() == 0);
    // Sooner than a plug-in that hangs is given up.
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

TEST_CASE("A find for which a handout fails is answered all the same, unless that is strict") {
    Swarm const swarm(Swarm::Tracker::down);
    bool const strict = GENERATE(false, true);
    Words arguments = {"--bind", "tcp://" + host() + ":0", "--handout",
                       std::string(XFS_TEST_BAD_PLUGINS) + "/libfaulty-handout.so:fault=all"};
    if (strict) {
        arguments.emplace_back("--strict-policy");
    }
    Process tracker(XFS_TRACKER_PROGRAM,
                    {.arguments = arguments, .environment = {}, .home = swarm.path()});
    tracker.wait_for_out("\n");
    auto const line = tracker.out();
    auto const endpoint = wire::parse_endpoint(
        line.substr(handout_ready.size(), line.find('\n') - handout_ready.size()));
    REQUIRE(endpoint);
    Neighbour one(*endpoint, 1, "a");
    Neighbour two(*endpoint, 2, "b");
    Neighbour asker(*endpoint, 3, "b");
    wire::FileEntry const file{"file.bin", wire::ContentId{}, 1000};
    one.offer(file);
    two.offer(file);
    auto const answer = asker.ask_for("file.bin");
    if (!strict) {
        CHECK(std::get<wire::Found>(answer).files.size() == 1);
    } else {
        auto const failure = std::get<wire::Failure>(answer);
        CHECK(failure.code == wire::ErrorCode::failed);
        CHECK(failure.reason.find("faulty-handout") != std::string::npos);
    }
}

TEST_CASE("A tracker says with --check whether its options are good, and does not start") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const [given, code] = GENERATE(table<char const*, int>(
        {{"libsamerack.so", 0}, {"libnothing.so", 11}, {"libsamerack.so:far=many", 11}}));
    Process::Options options{
        .arguments = {"--check", "--handout", given}, .environment = {}, .home = swarm.path()};
    CHECK(run_to_end(XFS_TRACKER_PROGRAM, options).code == code);
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
