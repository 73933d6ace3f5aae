// What the service manager that starts a program is told.
#include "catch.hpp"
#include "swarm.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace xfsbus::test;

namespace {

/// Where a program tells how it is: the other end of sd_notify(3).
class Manager {
  public:
    explicit Manager(std::string path)
        : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(path_.size() < sizeof address.sun_path);
        std::memcpy(address.sun_path, path_.c_str(), path_.size());
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    }

    ~Manager() { ::close(socket_); }

    Manager(Manager const&) = delete;
    Manager& operator=(Manager const&) = delete;

    [[nodiscard]] std::string variable() const { return "NOTIFY_SOCKET=" + path_; }

    /// What it is told next.
    std::string next() const {
        pollfd waits{socket_, POLLIN, 0};
        auto const most = std::chrono::milliseconds(patience).count();
        REQUIRE(::poll(&waits, 1, static_cast<int>(most)) == 1);
        std::array<char, 256> text{};
        auto const size = ::recv(socket_, text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

  private:
    std::string path_;
    int socket_;
};

}  // namespace

TEST_CASE("A peer tells its service manager when it is ready, looks again, and stops") {
    Swarm swarm;
    Manager const manager((swarm.path() / "notify").string());
    auto options = swarm.peer({"--dir", swarm.directory("a").string(), "--serve"});
    options.environment.push_back(manager.variable());
    Process peer(XFS_PEER_PROGRAM, options);
    CHECK(manager.next() == "READY=1");
    peer.signal(SIGHUP);
    CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(manager.next() == "READY=1");
    peer.signal(SIGTERM);
    CHECK(manager.next() == "STOPPING=1");
    CHECK(peer.wait() == 0);
}

TEST_CASE("SIGHUP takes the policy that the configuration names now, unless it is wrong") {
    Swarm swarm;
    auto const config = (swarm.path() / "peer.conf").string();
    write_file(config, "policy=loadlatency\n");
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--dir", swarm.directory("a").string(), "--serve",
                                               "--config", config}));
    peer.wait_for_out("ready on");
    auto const reload = [&](std::string const& text, std::string const& word) {
        write_file(config, text);
        peer.signal(SIGHUP);
        peer.wait_for_err(word);
    };
    reload("policy=random\n", "the policy is now random");
    reload("policy=nothing\n", "the policy stays as it was: plug-in 'nothing': not found");
    reload("polcy=random\n", "peer.conf:1");
    reload("policy=roundrobin\nlabels=rack=a\n", "the policy is now roundrobin");
    peer.signal(SIGTERM);
    CHECK(peer.wait() == 0);
}

TEST_CASE("SIGHUP takes policies of all kinds, back to the built-in rule where none is named") {
    Swarm swarm;
    auto const config = (swarm.path() / "peer.conf").string();
    write_file(config, "policy=random\n");
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--dir", swarm.directory("a").string(), "--serve",
                                               "--config", config}));
    peer.wait_for_out("ready on");
    auto const reload = [&](std::string const& text, Words const& expected) {
        write_file(config, "policy=random\n" + text);
        peer.signal(SIGHUP);
        for (auto const& word : expected) {
            peer.wait_for_err(word);
        }
    };
    reload("chunk-order=sequential\nupload-policy=titfortat\n",
           {"the chunk order is now sequential", "the upload policy is now titfortat"});
    reload("chunk-order=sequential\nupload-policy=mixed\n",
           {"the upload policy stays as it was: plug-in"});
    reload("chunk-order=sequential\n", {"the upload policy is now libfair.so"});
    CHECK_FALSE(peer.err().find("the policy is now") != std::string::npos);
    peer.signal(SIGTERM);
    CHECK(peer.wait() == 0);
}

TEST_CASE("A plug-in that hangs while SIGHUP has it tried does not keep a peer from its end") {
    Swarm swarm;
    auto const config = (swarm.path() / "peer.conf").string();
    write_file(config, "policy=random\n");
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--dir", swarm.directory("a").string(), "--serve",
                                               "--config", config}));
    peer.wait_for_out("ready on");
    write_file(config, std::string("policy=") + XFS_TEST_BAD_PLUGINS + "/libendless-create.so\n");
    auto const begun = std::chrono::steady_clock::now();
    peer.signal(SIGHUP);
    peer.signal(SIGTERM);
    CHECK(peer.wait() == 0);
    // Sooner than a plug-in that hangs is given up.
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("A tracker tells its service manager when it is ready, and when it stops") {
    Swarm const swarm(Swarm::Tracker::down);
    Manager const manager((swarm.path() / "notify").string());
    Process tracker(XFS_TRACKER_PROGRAM, {.arguments = {"--bind", "tcp://" + host() + ":0"},
                                          .environment = {manager.variable()},
                                          .home = swarm.path()});
    CHECK(manager.next() == "READY=1");
    tracker.signal(SIGTERM);
    CHECK(manager.next() == "STOPPING=1");
    CHECK(tracker.wait() == 0);
}

TEST_CASE("A tracker with a handout looks again at SIGHUP, and says so; one without ends") {
    Swarm const swarm(Swarm::Tracker::down);
    Manager const manager((swarm.path() / "notify").string());
    bool const has_one = GENERATE(true, false);
    Process::Options options{.arguments = {"--bind", "tcp://" + host() + ":0"},
                             .environment = {manager.variable()},
                             .home = swarm.path()};
    if (has_one) {
        options.arguments.insert(options.arguments.end(), {"--handout", "mixed"});
    }
    Process tracker(XFS_TRACKER_PROGRAM, options);
    CHECK(manager.next() == "READY=1");
    tracker.signal(SIGHUP);
    if (has_one) {
        CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        CHECK(manager.next() == "READY=1");
        tracker.signal(SIGTERM);
    }
    CHECK(manager.next() == "STOPPING=1");
    CHECK(tracker.wait() == 0);
}
