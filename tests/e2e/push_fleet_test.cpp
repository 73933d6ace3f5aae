// Pushes to many peers, and while the tracker and the peers come and go.
#include "catch.hpp"
#include "push_reports.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <set>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

Words const slow = {accepts, "--max-download-limit", "1M"};

std::string message_of(Ended const& ended) {
    return ended.event("error").at("message");
}

bool fetches(std::string const& out, std::uint16_t port) {
    auto const reports = events_of(out, "push");
    return !reports.empty() && states_of(reports.back())[port] == "fetching";
}

/// Peers that speak the protocol and have no disk: one ROUTER, at as many addresses as are wanted.
class Fleet {
  public:
    /// How a peer answers a push, if so many connections have pushed.
    using Answer = std::function<wire::PushState(std::size_t connections)>;

    Fleet(std::size_t size, Answer answer) : size_(size), answer_(std::move(answer)) {
        auto server = bus::ControlServer::bind(
            reactor_, {"0.0.0.0", 0}, bus::Security::none(),
            {.on_message = [this](auto const& sender,
                                  auto&& envelope) { on_message(sender.route, envelope); },
             .on_garbage = [](auto const&, auto const&) {}});
        REQUIRE(server);
        server_ = std::move(*server);
        thread_ = std::thread([this] { reactor_.run(); });
    }

    ~Fleet() {
        reactor_.post([this] { server_.reset(); });
        reactor_.stop();
        thread_.join();
    }

    Fleet(Fleet const&) = delete;
    Fleet& operator=(Fleet const&) = delete;

    [[nodiscard]] std::vector<wire::PeerEntry> peers() const {
        std::vector<wire::PeerEntry> all(size_);
        for (std::size_t i = 0; i < size_; ++i) {
            all[i].peer.bytes[0] = static_cast<std::uint8_t>(i + 1);
            all[i].peer.bytes[1] = static_cast<std::uint8_t>(i / 250);
            all[i].listens = {
                "127.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1),
                server_->endpoint().port};
        }
        return all;
    }

  private:
    void on_message(wire::Route const& route, wire::Envelope const& envelope) {
        if (auto const* ping = std::get_if<wire::Ping>(&envelope.message)) {
            wire::Pong pong;
            pong.have.assign(ping->contents.size(), wire::complete_ppm);
            server_->send(route, pong, envelope.request);
        } else if (std::holds_alternative<wire::Push>(envelope.message)) {
            connections_.insert(route);
            server_->send(route, wire::Pushed{answer_(connections_.size()), 0, {}},
                          envelope.request);
        }
    }

    std::size_t size_;
    Answer answer_;
    bus::Reactor reactor_;
    std::unique_ptr<bus::ControlServer> server_;
    std::set<std::string> connections_;  // of the reactor's thread
    std::thread thread_;
};

/// A tracker that names one file, and these peers.
BusServer::Answer tracker_of(
    std::function<std::vector<wire::PeerEntry>()> peers,
    std::function<bool()> young = [] { return false; }) {
    return [peers = std::move(peers), young = std::move(young)](
               wire::Message const& message) -> std::optional<wire::Message> {
        if (auto const* hello = std::get_if<wire::Register>(&message)) {
            return wire::Registered{7, 3000, 1000, hello->listens};
        }
        if (auto const* update = std::get_if<wire::Update>(&message)) {
            return wire::Updated{7, update->sequence};
        }
        if (std::holds_alternative<wire::Find>(message)) {
            return wire::Found{7, {{"file.bin", wire::ContentId{{5}}, 1000, 0, {}}}, {}};
        }
        if (std::holds_alternative<wire::ListPeers>(message)) {
            bool const is_young = young();
            return wire::PeerList{7, peers(), {}, is_young};
        }
        return wire::Alive{7};
    };
}

Ended push_by(BusServer const& tracker, Swarm const& swarm, std::string const& command,
              std::optional<unsigned> descriptors = {}) {
    Process::Options options{{"--json", "--tracker", tracker.endpoint(), "-c", command},
                             {},
                             swarm.directory("home"),
                             {}};
    options.descriptors = descriptors;
    return run_to_end(XFS_PEER_PROGRAM, options);
}

/// A peer of a tracker that answers pushes and questions for contents as it likes.
class FakeTarget {
  public:
    FakeTarget(Swarm const& swarm, BusServer::Answer answer)
        : server_(std::move(answer)), client_(*wire::parse_endpoint(swarm.endpoint())) {
        auto const told = client_.ask(wire::Register{wire::PeerId{{9}}, server_.address(), 0, ""});
        REQUIRE(std::holds_alternative<wire::Registered>(told));
    }

    [[nodiscard]] std::uint16_t port() const { return server_.address().port; }

  private:
    BusServer server_;
    BusClient client_;
};

void wait_until_grown(Swarm const& swarm) {
    BusClient client(*wire::parse_endpoint(swarm.endpoint()));
    eventually("that the tracker is not young any more",
               [&] { return !std::get<wire::PeerList>(client.ask(wire::ListPeers{})).young; });
}

/// A list of peers that never settles.
auto one_more_each_time(Fleet const& fleet, std::atomic<std::size_t>& looks) {
    auto all = fleet.peers();
    all.resize(std::min<std::size_t>(++looks, all.size()));
    return all;
}

}  // namespace

TEST_CASE("A push to all with a tracker that was just restarted reaches every machine") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    write_file(swarm.directory("a") / "other.txt", "not pushed");
    std::vector<std::unique_ptr<Source>> machines;
    for (std::string const name : {"b", "c", "d", "e"}) {
        machines.push_back(std::make_unique<Source>(swarm, name, Words{accepts}));
    }
    swarm.kill_tracker();
    swarm.start_tracker();
    auto const pattern = GENERATE(false, true);
    auto const ended =
        swarm.in("a", {pattern ? "push '*.bin' --to all" : "push file.bin --to all"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.event("pushed").at("there") == 4);
    CHECK(ended.event("push_summary").at("settled") == true);
    for (auto const& machine : machines) {
        CHECK(holds(machine->directory / "file.bin", "pushed"));
    }
}

TEST_CASE("A push goes on while the tracker is restarted") {
    Swarm swarm;
    auto const bytes = noise(3 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b", slow);
    Source const c(swarm, "c", slow);
    auto const push = swarm.start("p", {"push file.bin --to all"});
    push->wait_until("that both fetch", [&](auto const& output) {
        return fetches(output.out, b.port) && fetches(output.out, c.port);
    });
    swarm.kill_tracker();
    swarm.start_tracker();
    CHECK(push->wait(3 * patience) == 0);
    CHECK(holds(b.directory / "file.bin", bytes));
    CHECK(holds(c.directory / "file.bin", bytes));
}

TEST_CASE("A machine that reboots while a file is pushed to it has it at the end") {
    Swarm swarm;
    auto const bytes = noise(3 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    auto b = std::make_unique<Source>(swarm, "b", slow);
    auto const port = b->port;
    auto const push = swarm.start("p", {"push file.bin --to all"});
    push->wait_until("that it fetches",
                     [&](auto const& output) { return fetches(output.out, port); });
    b->process.signal(SIGKILL);
    b->process.wait();
    CHECK_FALSE(holds(swarm.directory("b") / "file.bin", bytes));
    push->wait_until("that it is missed", [&](auto const& output) {
        auto const reports = events_of(output.out, "push");
        return states_of(reports.back())[port] == "asking";
    });
    b = std::make_unique<Source>(swarm, "b", Words{accepts}, port);
    CHECK(push->wait(3 * patience) == 0);
    CHECK(holds(b->directory / "file.bin", bytes));
}

TEST_CASE("A machine that was down when a push began, and comes back meanwhile, gets the file") {
    Swarm swarm;
    auto const bytes = noise(3 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b", slow);
    auto const push = swarm.start("p", {"push file.bin --to all"});
    push->wait_until("that one fetches",
                     [&](auto const& output) { return fetches(output.out, b.port); });
    Source const c(swarm, "c", {accepts});
    CHECK(push->wait(3 * patience) == 0);
    CHECK(holds(c.directory / "file.bin", bytes));
}

TEST_CASE("Three hundred peers are asked at once") {
    Swarm const swarm;
    constexpr std::size_t many = 300;
    // Nobody is done before all have begun.
    Fleet const fleet(many, [](std::size_t connections) {
        return connections < many ? wire::PushState::fetching : wire::PushState::there;
    });
    BusServer const tracker(tracker_of([&] { return fleet.peers(); }));
    auto const ended = push_by(tracker, swarm, "push file.bin --to all");
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.event("pushed").at("there") == many);
}

TEST_CASE("With few descriptors peers take turns, however many they are") {
    Swarm const swarm;
    auto const [many, descriptors] = GENERATE(table<std::size_t, unsigned>({{300, 256}, {30, 96}}));
    Fleet const fleet(many, [](std::size_t) { return wire::PushState::there; });
    BusServer const tracker(tracker_of([&] { return fleet.peers(); }));
    auto const ended = push_by(tracker, swarm, "push file.bin --to all", descriptors);
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.event("pushed").at("there") == many);
}

TEST_CASE("As long as a tracker says that it is young a push to all waits for those to come") {
    Swarm const swarm;
    Fleet const fleet(2, [](std::size_t) { return wire::PushState::there; });
    std::atomic<int> looks = 0;
    BusServer const tracker(tracker_of(
        [&] {
            auto all = fleet.peers();
            all.resize(looks > 5 ? 2 : 1);
            return all;
        },
        [&] { return ++looks <= 5; }));
    auto const ended = push_by(tracker, swarm, "push file.bin --to all");
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.event("pushed").at("there") == 2);
}

TEST_CASE("A tracker that names somebody new each time holds no push up") {
    Swarm const swarm;
    Fleet const fleet(200, [](std::size_t) { return wire::PushState::there; });
    std::atomic<std::size_t> looks = 0;
    BusServer const tracker(tracker_of([&] { return one_more_each_time(fleet, looks); }));
    auto const ended = push_by(tracker, swarm, "push file.bin --to all");
    INFO(ended.err);
    CHECK(ended.code == 1);
    CHECK_THAT(message_of(ended), ContainsSubstring("did not settle"));
    CHECK(looks < 100);
}

TEST_CASE("Ctrl-C ends a push that only waits for the list of peers to settle with 130, too") {
    Swarm const swarm;
    Fleet const fleet(200, [](std::size_t) { return wire::PushState::there; });
    std::atomic<std::size_t> looks = 0;
    BusServer const tracker(tracker_of([&] { return one_more_each_time(fleet, looks); }));
    Process push(XFS_PEER_PROGRAM,
                 {{"--json", "--tracker", tracker.endpoint(), "-c", "push file.bin --to all"},
                  {},
                  swarm.directory("home"),
                  {}});
    push.wait_until("that the first has it", [](auto const& output) {
        return output.out.find(R"("there":)") != std::string::npos;
    });
    push.signal(SIGINT);
    CHECK(push.wait() == 130);
}

TEST_CASE("A peer's word that it has a file is not enough") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    Source const a(swarm, "a");
    auto const confirms = GENERATE(as<std::vector<std::uint32_t>>{}, std::vector<std::uint32_t>{},
                                   std::vector<std::uint32_t>{0});
    FakeTarget const liar(swarm, [&](wire::Message const& message) -> std::optional<wire::Message> {
        if (auto const* ping = std::get_if<wire::Ping>(&message)) {
            return wire::Pong{0, {}, ping->contents.empty() ? decltype(confirms){} : confirms};
        }
        return wire::Pushed{wire::PushState::there, 6, {}};
    });
    auto const ended = swarm.in("p", {"push file.bin --to all"});
    INFO(ended.out);
    CHECK(ended.code == 1);
    CHECK(states_of(ended.event("pushed")).at(liar.port()) == "failed");
    CHECK_THAT(message_of(ended), ContainsSubstring("1 of 2 peers lack it"));
}

TEST_CASE("A peer that cannot be reached is named as one that lacks the file, and why") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", "pushed");
    Source const a(swarm, "a");
    FakeTarget const mute(swarm, [](wire::Message const&) { return std::nullopt; });
    auto const ended = swarm.in("p", {"push file.bin --to all --patience 1s"});
    CHECK(ended.code == 1);
    auto const targets = ended.event("pushed").at("targets");
    auto const named = std::ranges::find_if(
        targets, [&](auto const& target) { return target.at("port") == mute.port(); });
    REQUIRE(named != targets.end());
    CHECK_THAT(named->at("reason").get<std::string>(), ContainsSubstring("no answer"));
    CHECK(ended.event("pushed").at("lacking") == 1);
}

TEST_CASE("A pattern pushes every file that matches, also those that are equal") {
    Swarm swarm;
    for (std::string const name : {"d/one", "d/deep/two", "d/empty1", "d/empty2", "other"}) {
        auto const empty = name.starts_with("d/empty");
        write_file(swarm.directory("a") / name, empty ? "" : "bytes of " + name);
    }
    Source const a(swarm, "a");
    Source const b(swarm, "b", {accepts});
    Source const c(swarm, "c", {accepts});
    auto const ended = swarm.in("p", {"push 'd/**' --to accepting"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.events("pushed").size() == 4);
    CHECK(ended.event("push_summary").at("lacking") == 0);
    for (auto const& directory : {b.directory, c.directory}) {
        CHECK(holds(directory / "d/one", "bytes of d/one"));
        CHECK(holds(directory / "d/deep/two", "bytes of d/deep/two"));
        CHECK(holds(directory / "d/empty1", ""));
        CHECK(holds(directory / "d/empty2", ""));
        CHECK_FALSE(std::filesystem::exists(directory / "other"));
    }
    CHECK(swarm.in("p", {"push 'nothing/**' --to all"}).code == 3);
}

TEST_CASE("A push over an older version is for the receiver to decide") {
    Swarm swarm;
    auto const bytes = noise(2 * mib, 7);
    write_file(swarm.directory("a") / "file.bin", bytes);
    write_file(swarm.directory("keeps") / "file.bin", "the old version");
    write_file(swarm.directory("replaces") / "file.bin", "another old version");
    Source keeps(swarm, "keeps", {accepts});
    Source const replaces(swarm, "replaces", {"--accept-push=replace"});
    // What is pushed is the version of the one that pushes, though others have others.
    auto const ended = swarm.in("a", {"push file.bin --to all"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 1);
    auto const states = states_of(ended.event("pushed"));
    CHECK(states.at(replaces.port) == "there");
    CHECK(states.at(keeps.port) == "failed");
    CHECK(holds(replaces.directory / "file.bin", bytes));
    CHECK(holds(keeps.directory / "file.bin", "the old version"));
    CHECK_THAT(ended.out, ContainsSubstring("--accept-push=replace"));
    CHECK_THAT(ended.out, !ContainsSubstring("--force"));
    keeps.process.wait_for_err("--accept-push=replace");
}

TEST_CASE("A push and 'files' wait for the first scan of the peer's own directory") {
    Swarm swarm;
    auto const bytes = noise(64 * mib);
    write_file(swarm.directory("p") / "file.bin", bytes);
    Source const b(swarm, "b", {accepts});
    wait_until_grown(swarm);  // what a young tracker does not know is asked for again anyway
    CHECK(swarm.in("p", {"files"}, {"--no-cache"}).event("file").at("name") == "file.bin");
    auto const ended = swarm.in("p", {"push file.bin --to all"}, {"--no-cache"});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 0);
    CHECK(holds(b.directory / "file.bin", bytes));
}
