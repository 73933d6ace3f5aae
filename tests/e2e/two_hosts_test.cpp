// What users type on two machines and more, and what they are told when the network is against it.
#include "catch.hpp"
#include "hosts.hpp"
#include "swarm.hpp"

using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

/// Machines, the first of which has a tracker that is bound as the README says.
class Network {
  public:
    explicit Network(unsigned count) : hosts(count) {
        if (hosts.problem().empty()) {
            tracker_ = hosts.start(1, XFS_TRACKER_PROGRAM, {"--bind", "tcp://0.0.0.0:7470"},
                                   temp_.path() / "tracker");
            tracker_->wait_for_out("7470");
        }
    }

    [[nodiscard]] fs::path directory(std::string const& name) const {
        auto const path = temp_.path() / name;
        fs::create_directories(path);
        return path;
    }

    /// A peer on that machine that shares this directory.
    [[nodiscard]] std::unique_ptr<Process> peer(unsigned host, std::string const& name,
                                                Words words) const {
        words.insert(words.begin(), {"--json", "--dir", directory(name).string()});
        if (std::ranges::find(words, "--tracker") == words.end()) {
            words.insert(words.begin(), {"--tracker", "tcp://192.168.1.2:7470"});
        }
        return hosts.start(host, XFS_PEER_PROGRAM, words, directory("home-" + name));
    }

    [[nodiscard]] std::unique_ptr<Process> source(unsigned host, std::string const& name,
                                                  Words words = {}) const {
        words.emplace_back("--serve");
        auto process = peer(host, name, words);
        process->wait_for_out("ready");
        return process;
    }

    [[nodiscard]] Ended run(unsigned host, std::string const& name, Words const& words) const {
        auto const process = peer(host, name, words);
        process->close_input();
        int const code = process->wait(2 * patience);
        return {code, process->out(), process->err()};
    }

    Hosts hosts;

  private:
    TempDir temp_;
    std::unique_ptr<Process> tracker_;
};

/// Whether the machines are there; else says that the test is none.
bool there(Network const& network) {
    if (!network.hosts.problem().empty()) {
        WARN("not tested: machines of their own: " << network.hosts.problem());
    }
    return network.hosts.problem().empty();
}

}  // namespace

TEST_CASE("A peer without an address listens where the tracker's machine reaches it") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    auto const bytes = noise(3 * mib);
    write_file(network.directory("a") / "model.bin", bytes);
    auto const a = network.source(1, "a");
    CHECK(events_of(a->out(), "ready").at(0).at("ip") == "192.168.1.2");
    auto const b = network.run(2, "b", {"-c", "download model.bin"});
    CHECK(b.code == 0);
    CHECK(holds(network.directory("b") / "model.bin", bytes));
}

TEST_CASE("A data port that a firewall closes is named at both ends within seconds") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    write_file(network.directory("a") / "model.bin", noise(mib));
    auto const a = network.source(1, "a");
    network.hosts.close_port(2, 7480);
    auto const b = network.peer(2, "b", {"--data-port", "7480", "-c", "download model.bin"});
    auto const begun = std::chrono::steady_clock::now();
    b->wait_for_err("cannot send us 'model.bin'");
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
    CHECK_THAT(b->err(), ContainsSubstring("192.168.1.3:7480"));
    CHECK_THAT(b->err(), ContainsSubstring("nothing answers there"));
    CHECK_THAT(b->err(), ContainsSubstring("--data-port"));
    a->wait_for_err("nothing answers there");
    CHECK_THAT(a->err(), ContainsSubstring("192.168.1.3:7480"));
    b->close_input();
    CHECK(b->wait(2 * patience) == 6);
    CHECK_THAT(events_of(b->out(), "downloaded").at(0).at("error").get<std::string>(),
               ContainsSubstring("192.168.1.3:7480"));
}

TEST_CASE("A data port that is let through is enough behind a firewall") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    write_file(network.directory("a") / "model.bin", noise(mib));
    auto const a = network.source(1, "a");
    network.hosts.close_port(2, 7481);  // of the control connection
    auto const b = network.run(
        2, "b", {"--bind", "192.168.1.3:7481", "--data-port", "7480", "-c", "download model.bin"});
    CHECK(b.code == 0);
}

TEST_CASE("An address that only this machine reaches is refused with a tracker elsewhere") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    auto const b = network.run(2, "b", {"--bind", "127.0.0.1:0", "-c", "find x"});
    CHECK(b.code == 2);
    CHECK(b.says("no other machine can reach this peer at 127.0.0.1"));
    auto const a = network.run(1, "a", {"--bind", "127.0.0.1:0", "-c", "find x"});
    CHECK(a.code == 3);  // the tracker is this machine's
}

TEST_CASE("Two machines that speak IPv6 fetch from each other") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    auto const tracker = network.hosts.start(
        1, XFS_TRACKER_PROGRAM, {"--bind", "tcp://[fd77::1]:7470"}, network.directory("t6"));
    tracker->wait_for_out("7470");
    auto const bytes = noise(3 * mib);
    write_file(network.directory("a") / "model.bin", bytes);
    Words const by6{"--tracker", "tcp://[fd77::1]:7470"};
    auto const a = network.source(1, "a", by6);
    auto words = by6;
    words.insert(words.end(), {"-c", "download model.bin"});
    auto const b = network.run(2, "b", words);
    CHECK(b.code == 0);
    CHECK(holds(network.directory("b") / "model.bin", bytes));
}

TEST_CASE("A machine with two addresses fetches by the one that it listens on") {
    Network network(2);
    if (!there(network)) {
        return;
    }
    network.hosts.ip(2, {"address", "add", "192.168.1.33/24", "dev", "eth0"});
    write_file(network.directory("a") / "model.bin", noise(mib));
    auto const a = network.source(1, "a");
    auto const b = network.source(2, "b", {"--bind", "192.168.1.33:0", "-c", "download model.bin"});
    b->wait_for_out("\"downloaded\"");
    CHECK(events_of(b->out(), "downloaded").at(0).at("ok") == true);
    auto const found = network.run(1, "c", {"-c", "find model.bin"});
    CHECK(found.code == 0);
    CHECK_THAT(found.out, ContainsSubstring("192.168.1.33"));
}

TEST_CASE("A peer that others cannot reach is told so when it registers, and named in a find") {
    Network network(3);
    if (!there(network)) {
        return;
    }
    write_file(network.directory("b") / "model.bin", noise(mib));
    network.hosts.close_port(2, 7471);
    auto const b = network.source(2, "b", {"--bind", "192.168.1.3:7471"});
    b->wait_for_err("not-reachable");
    CHECK_THAT(b->err(), ContainsSubstring("192.168.1.3:7471: nothing answers there"));
    auto const fetched = network.run(3, "c", {"-c", "download model.bin"});
    CHECK(fetched.code != 0);
    CHECK_THAT(fetched.out, ContainsSubstring("192.168.1.3:7471"));
    CHECK_THAT(fetched.out, ContainsSubstring("nothing answers there"));
}

TEST_CASE("A tracker to which there is no route is called so, at once and in the log") {
    Network network(1);
    if (!there(network)) {
        return;
    }
    auto const peer =
        network.peer(1, "a", {"--tracker", "tcp://203.0.113.7:7470", "--serve", "--json-log"});
    peer->wait_for_err("\"event\":\"tracker-missing\"");
    CHECK_THAT(peer->err(), ContainsSubstring("203.0.113.7:7470"));
    CHECK_THAT(peer->err(), ContainsSubstring("there is no route to it"));
    auto const asked = network.run(
        1, "b", {"--tracker", "tcp://203.0.113.7:7470", "--tracker-timeout", "2", "-c", "find x"});
    CHECK(asked.code == 4);
    CHECK(asked.says("there is no route to it"));
}
