// Strangers, and members that lie.
#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus;
using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

wire::PeerId const fake_id{{1, 2, 3}};

/// Takes any peer in, and tells everybody the same.
class FakeTracker {
  public:
    explicit FakeTracker(std::vector<wire::FoundFile> files) : files_(std::move(files)) {}

    wire::Message operator()(wire::Message const& message) const {
        if (auto const* hello = std::get_if<wire::Register>(&message)) {
            return wire::Registered{7, 3000, 1000, hello->listens};
        }
        if (auto const* update = std::get_if<wire::Update>(&message)) {
            return wire::Updated{7, update->sequence};
        }
        if (std::holds_alternative<wire::Find>(message)) {
            return wire::Found{7, files_, {}};
        }
        return wire::Alive{7};
    }

  private:
    std::vector<wire::FoundFile> files_;
};

/// What a tracker would say of a file, under another name.
wire::FoundFile named(std::string name, Json const& source) {
    auto const content = wire::from_hex(source.at("content").get<std::string>());
    wire::Endpoint const at{source.at("ip"), source.at("port")};
    return {std::move(name),
            *wire::ContentId::from(*content),
            source.at("size"),
            1,
            {{fake_id, at, wire::complete_ppm, ""}}};
}

}  // namespace

TEST_CASE("A tracker that is a web server is told apart from one that is down") {
    WebServer const server;
    TempDir const home;
    auto const ended =
        run_to_end(XFS_PEER_PROGRAM,
                   {{"--tracker", server.endpoint(), "--tracker-timeout", "1", "-c", "peers"},
                    {},
                    home.path(),
                    {}});
    CHECK(ended.code == 4);
    CHECK(ended.out.empty());
    CHECK(ended.says("no tracker at " + server.endpoint()));
    CHECK_FALSE(ended.says("nothing listens there"));
    CHECK(ended.says("no xfs-tracker"));
}

TEST_CASE("Garbage at every port does not disturb a download") {
    Swarm swarm;
    auto const bytes = noise(6 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Process sink(XFS_PEER_PROGRAM,
                 swarm.peer({"--json", "--bind", at(0), "--dir", swarm.directory("b"),
                             "--max-download-limit", "2M", "-c", "download file.bin"}));
    wait_for_progress(sink);
    std::vector<Stranger> half_open;
    for (auto const pid : {swarm.tracker().pid(), a.process.pid(), sink.pid()}) {
        auto const ports = listening_ports(pid);
        CHECK_FALSE(ports.empty());
        for (auto const port : ports) {
            half_open.emplace_back(port);
            for (auto const& text : garbage()) {
                Stranger(port).say(text);
            }
            half_open.emplace_back(port).say(garbage().back().substr(0, 7));
        }
    }
    CHECK(sink.wait(2 * patience) == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", bytes));
    auto const file = events_of(sink.out(), "downloaded").at(0);
    CHECK(file.at("chunks_rejected") == 0);
    CHECK(swarm.run({"-c", "find file.bin"}).code == 0);
}

TEST_CASE("The tracker refuses names that could leave a directory or drive a terminal") {
    Swarm swarm;
    auto const name = GENERATE(as<std::string>{}, "../x", "/abs", "a/../../x", "a//b", "./a", "",
                               ".", "..", "a/", std::string("a\0b", 3), "line\nfeed",
                               "\x1b]0;title\x07", "\xff\xfe", ".xfs-part", std::string(5000, 'n'));
    BusClient client(*wire::parse_endpoint(swarm.endpoint()));
    auto const registered = client.ask(wire::Register{fake_id, {"127.0.0.1", 9}, 1000, ""});
    REQUIRE(std::holds_alternative<wire::Registered>(registered));
    auto const epoch = std::get<wire::Registered>(registered).epoch;
    wire::Update update{epoch, 1, true, true, {{name, {}, 5, wire::complete_ppm}}, {}};
    auto const answer = client.ask(update);
    CHECK(std::holds_alternative<wire::Failure>(answer));
    CHECK(swarm.run({"-c", "find '**'"}).code == 3);
    update.added[0].name = "harmless";
    CHECK_FALSE(std::holds_alternative<wire::Failure>(client.ask(update)));
}

TEST_CASE("A tracker that lies about names makes no peer write outside its directory") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "evil");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    auto name = GENERATE(as<std::string>{}, "../evil", "sub/../../evil", "/", "line\nfeed", "..");
    if (name == "/") {
        name = swarm.path() / "evil";
    }
    BusServer const tracker(FakeTracker({named(name, source)}));
    auto const run = [&](std::string const& command) {
        return run_to_end(XFS_PEER_PROGRAM, {{"--json", "--tracker", tracker.endpoint(), "--dir",
                                              swarm.directory("deep/sink"), "-c", command},
                                             {},
                                             swarm.directory("home"),
                                             {}});
    };
    CHECK(run("download file.txt").code == 3);
    CHECK(run("find file.txt").code == 3);
    CHECK(run("download '*'").code == 3);
    CHECK(fs::is_empty(swarm.directory("deep/sink")));
    CHECK_FALSE(fs::exists(swarm.directory("deep") / "evil"));
    CHECK_FALSE(fs::exists(swarm.path() / "evil"));
}

TEST_CASE("A tracker that lies about one name of several does not harm the others") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "fine");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    BusServer const tracker(FakeTracker({named("../evil", source), named("good.txt", source)}));
    auto const ended =
        run_to_end(XFS_PEER_PROGRAM, {{"--json", "--tracker", tracker.endpoint(), "--dir",
                                       swarm.directory("deep/sink"), "-c", "download **"},
                                      {},
                                      swarm.directory("home"),
                                      {}});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("deep/sink") / "good.txt", "fine"));
    CHECK_FALSE(fs::exists(swarm.directory("deep") / "evil"));
}

TEST_CASE("A tracker that lies about a size or a content costs an error, not a file") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "true");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    auto lie = named("file.txt", source);
    auto const of_size = GENERATE(true, false);
    if (of_size) {
        lie.size = 5'000'000'000;
    } else {
        lie.content.bytes[0] ^= 1;
    }
    BusServer const tracker(FakeTracker({lie}));
    auto const ended =
        run_to_end(XFS_PEER_PROGRAM, {{"--json", "--tracker", tracker.endpoint(), "--dir",
                                       swarm.directory("sink"), "-c", "download file.txt"},
                                      {},
                                      swarm.directory("home"),
                                      {}});
    INFO(ended.out);
    CHECK(ended.code == (of_size ? 8 : 5));
    CHECK(fs::is_empty(swarm.directory("sink")));
}

TEST_CASE(
    "A tracker that refuses a peer is told of, with its reason, and not waited for in silence") {
    BusServer const tracker([](wire::Message const&) -> wire::Message {
        return wire::Failure{wire::ErrorCode::not_authorised, "not\x1b[2Jhere", 7};
    });
    TempDir const home;
    auto const ended =
        run_to_end(XFS_PEER_PROGRAM,
                   {{"--tracker", tracker.endpoint(), "--tracker-timeout", "2", "-c", "peers"},
                    {},
                    home.path(),
                    {}});
    CHECK(ended.code == 4);
    CHECK(ended.says("not registered with the tracker at " + tracker.endpoint()));
    CHECK(ended.says("it refuses this peer: not\\x1b[2Jhere"));
}
