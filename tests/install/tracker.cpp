// tracker DIRECTORY: a program that runs a tracker and, at it, a peer that shares this directory.
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/tracker/running_tracker.hpp>

#include <chrono>
#include <iostream>

using namespace xfsbus;

int main(int argc, char** argv) {
    constexpr auto patience = std::chrono::seconds(30);
    auto const tracker = tracker::RunningTracker::start({.port = 0});
    if (argc != 2 || !tracker) {
        std::cerr << (tracker ? "usage: tracker DIRECTORY" : tracker.error().message) << "\n";
        return 2;
    }
    peer::PeerOptions options;
    options.tracker = (*tracker)->endpoint();
    options.directory = argv[1];
    auto const peer = peer::Peer::start(options);
    if (!peer || !(*peer)->wait_until_shared(patience)) {
        std::cerr << (peer ? "the share is not there" : peer.error().message) << "\n";
        return 1;
    }
    auto const counters = (*tracker)->counters();
    bool const known = value_of(counters, "peers") == 1 && value_of(counters, "files") == 1;
    std::cout << (known ? "known" : "not known") << "\n";
    return known ? 0 : 1;
}
