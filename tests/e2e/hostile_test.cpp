// Strangers, and members that lie.
#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <xfsbus/wire/limits.hpp>

#include <atomic>
#include <chrono>
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
    wire::Endpoint const at{source.at("ip"), source.at("port")};
    return {std::move(name),
            content_in(source),
            source.at("size"),
            1,
            {{fake_id, at, wire::complete_ppm, ""}}};
}

Ended download_from(BusServer const& tracker, Swarm const& swarm, std::string const& what) {
    return run_to_end(XFS_PEER_PROGRAM, {{"--json", "--tracker", tracker.endpoint(), "--dir",
                                          swarm.directory("sink"), "-c", "download " + what},
                                         {},
                                         swarm.directory("home"),
                                         {}});
}

/// The content id and the manifest of a file in a directory.
std::pair<wire::ContentId, std::string> content_of(Swarm const& swarm, std::string const& directory,
                                                   std::string const& name) {
    Source const source(swarm, directory);
    auto const found = swarm.in("x", {"find " + name}).event("source");
    auto const content = content_in(found);
    BusClient client({host(), source.port});
    auto const answer = client.ask(wire::GetManifests{{content}, 0});
    return {content, std::get<wire::Manifests>(answer).parts.at(0).bytes};
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

TEST_CASE("A tracker that lies about a content costs an error, not a file") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "true");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    auto lie = named("file.txt", source);
    lie.content.bytes[0] ^= 1;
    BusServer const tracker(FakeTracker({lie}));
    auto const ended = download_from(tracker, swarm, "file.txt");
    INFO(ended.out);
    CHECK(ended.code == 5);
    CHECK_THAT(ended.out, ContainsSubstring(at(a.port)));
    CHECK(fs::is_empty(swarm.directory("sink")));
}

TEST_CASE("A tracker that lies about a size only shows a wrong size") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "true");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    auto lie = named("file.txt", source);
    lie.size = GENERATE(as<std::uint64_t>{}, 0, 1, 5'000'000'000, wire::limits::file_bytes);
    BusServer const tracker(FakeTracker({lie}));
    auto const ended = download_from(tracker, swarm, "file.txt");
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(ended.event("downloaded").at("size") == 4);
    CHECK(holds(swarm.directory("sink") / "file.txt", "true"));
}

TEST_CASE(
    "A source that lies about a file, and registered it first, does not keep others from it") {
    Swarm swarm;
    auto const bytes = noise(3 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    auto const [content, manifest] = content_of(swarm, "a", "file.bin");
    auto const part = [manifest = manifest](std::string const& all, std::uint64_t offset) {
        return [all, offset](auto const& of, auto) {
            return wire::ManifestPart{of, all.size(), offset, all.substr(offset)};
        };
    };
    wire::FileEntry claim{"file.bin", content, bytes.size()};
    FakeSource::Manifest lie;
    constexpr auto huge = wire::limits::manifest_bytes;
    SECTION("a manifest that is another's") {
        auto changed = manifest;
        changed.back() ^= 1;
        lie = part(changed, 0);
    }
    SECTION("an algorithm that nobody has") {
        auto changed = manifest;
        changed.replace(changed.find("sha256"), 6, "evil42");
        lie = part(changed, 0);
    }
    SECTION("a manifest that is cut short") {
        lie = part(manifest.substr(0, 40), 0);
    }
    SECTION("the first byte again and again") {
        lie = [&](auto const& of, auto) {
            return wire::ManifestPart{of, manifest.size(), 0, manifest.substr(0, 1)};
        };
    }
    SECTION("a promise and nothing") {
        lie = [](auto const& of, auto offset) { return wire::ManifestPart{of, huge, offset, ""}; };
    }
    SECTION("a byte at a time") {
        lie = [](auto const& of, auto offset) { return wire::ManifestPart{of, huge, offset, "x"}; };
    }
    SECTION("silence") {
        lie = [](auto const&, auto) { return std::nullopt; };
    }
    SECTION("a size that is too large") {
        claim.size = wire::limits::file_bytes;
        lie = part(manifest, 0);
    }
    SECTION("a size that is too small") {
        claim.size = 0;
        lie = part(manifest, 0);
    }
    SECTION("a size and a manifest") {
        claim.size = wire::limits::file_bytes;
        lie = [](auto const& of, auto offset) {
            return wire::ManifestPart{of, huge, offset, std::string(1000, 'x')};
        };
    }
    FakeSource const liar(swarm, claim, lie);
    Source const a(swarm, "a");
    auto const began = std::chrono::steady_clock::now();
    auto const ended = swarm.in("sink", {"download file.bin"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(8));
    CHECK(holds(swarm.directory("sink") / "file.bin", bytes));
    CHECK(bytes_from(ended.event("downloaded"), a.port) == bytes.size());
}

TEST_CASE("A version that nobody can describe does not keep another of its name from its users") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "right");
    FakeSource const liar(swarm, {"file.bin", wire::ContentId{}, 5}, [](auto const& of, auto) {
        return wire::ManifestPart{of, 9, 0, "nonsense!"};
    });
    Source const a(swarm, "a");
    auto const ended = swarm.in("sink", {"download file.bin"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "file.bin", "right"));
    CHECK(ended.says("instead"));
}

TEST_CASE("Where all sources lie, the error says which and how, and nothing is written") {
    Swarm swarm;
    FakeSource const liar(swarm, {"file.bin", wire::ContentId{{5}}, 1000},
                          [](auto const& of, auto) {
                              return wire::ManifestPart{of, 9, 0, "nonsense!"};
                          });
    auto const ended = swarm.in("sink", {"download file.bin"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 8);
    CHECK_THAT(ended.out, ContainsSubstring(at(liar.port())));
    CHECK_THAT(ended.out, ContainsSubstring("not a valid manifest"));
    CHECK(fs::is_empty(swarm.directory("sink")));
}

TEST_CASE("A tracker whose pages do not end is told from one that has an answer") {
    Swarm swarm;
    auto const empty = GENERATE(true, false);
    std::atomic<int> pages = 0;
    BusServer const tracker([&](wire::Message const& message) -> std::optional<wire::Message> {
        ++pages;
        wire::FoundFile const file{"name.bin", {}, 5, 1, {}};
        auto const next = std::string("again");
        if (std::holds_alternative<wire::Find>(message)) {
            return wire::Found{7, empty ? std::vector<wire::FoundFile>{} : std::vector{file}, next};
        }
        if (std::holds_alternative<wire::ListPeers>(message)) {
            return wire::PeerList{7, {}, next};
        }
        return FakeTracker({})(message);
    });
    auto const command = GENERATE(as<std::string>{}, "find '**'", "download '**'", "peers");
    auto const ended =
        run_to_end(XFS_PEER_PROGRAM, {{"--json", "--tracker", tracker.endpoint(), "-c", command},
                                      {},
                                      swarm.directory("home"),
                                      {}});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 6);
    CHECK_THAT(ended.out + ended.err, ContainsSubstring("does not end"));
    CHECK(pages < 100);
}

TEST_CASE(
    "A tracker that names hundreds of sources that are not there does not use up a peer's "
    "descriptors") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "fine");
    Source const a(swarm, "a");
    auto const source = swarm.in("x", {"find file.txt"}).event("source");
    std::vector<wire::FoundFile> files;
    std::uint16_t port = 1024;
    for (int i = 0; i < 2; ++i) {
        auto& file = files.emplace_back(named("file" + std::to_string(i), source));
        auto const real = std::exchange(file.sources, {}).front();
        while (file.sources.size() + 1 < wire::limits::found_sources) {
            file.sources.push_back({{{4}}, {host(), ++port}, wire::complete_ppm, ""});
        }
        file.sources.push_back(real);
    }
    BusServer const tracker{FakeTracker(files)};
    auto const ended = run_to_end(
        "/bin/sh",
        {{"-c", R"(ulimit -n 400; exec "$0" "$@")", XFS_PEER_PROGRAM, "--json", "--tracker",
          tracker.endpoint(), "--dir", swarm.directory("sink"), "-c", "download **"},
         {},
         swarm.directory("home"),
         {}});
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "file1", "fine"));
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
