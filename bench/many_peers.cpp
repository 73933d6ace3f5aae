// many_peers PEERS [--own] [--no-directory]
//
// Starts a tracker and so many peers in this process, each sharing an empty temporary directory,
// and says what they take: the time until the tracker knows all of them, threads, descriptors.
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/tracker/running_tracker.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <stdlib.h>

namespace {

namespace fs = std::filesystem;
using namespace xfsbus;
using Clock = std::chrono::steady_clock;

struct Arguments {
    std::size_t peers = 50;
    bool own = false;  ///< each peer has threads of its own
    bool directories = true;
};

double ms_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

long count(char const* directory) {
    return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

/// At first there are more: the tracker looks whether it can connect to the peers.
long settled_descriptors() {
    long last = 0;
    for (long now = count("/proc/self/fd"); now != last; now = count("/proc/self/fd")) {
        last = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    return last;
}

template <typename T>
T checked(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "many_peers: %s\n", result.error().message.c_str());
        std::exit(EXIT_FAILURE);
    }
    return std::move(*result);
}

/// Removed at the end, with all that is in it.
class Directory {
  public:
    Directory() {
        auto name = (fs::temp_directory_path() / "xfs-bench-many-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
    }

    ~Directory() { fs::remove_all(path_); }

    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;

    [[nodiscard]] fs::path share(std::size_t number) const {
        auto path = path_ / std::to_string(number);
        fs::create_directory(path);
        return path;
    }

    [[nodiscard]] fs::path const& path() const { return path_; }

  private:
    fs::path path_;
};

void run(Arguments const& arguments) {
    Directory const directory;
    auto const tracker = checked(tracker::RunningTracker::start({.port = 0}));
    auto const threads = count("/proc/self/task");
    auto const descriptors = count("/proc/self/fd");
    auto const begin = Clock::now();
    auto const commons =
        arguments.own ? nullptr : checked(peer::Commons::start({.peers = arguments.peers}));
    std::vector<std::unique_ptr<peer::Peer>> peers;
    for (std::size_t i = 0; i < arguments.peers; ++i) {
        peer::PeerOptions options;
        options.tracker = tracker->endpoint();
        options.host = "127.0.0.1";
        options.commons = commons;
        (arguments.directories ? options.directory : options.download_directory) =
            arguments.directories ? directory.share(i) : directory.path();
        peers.push_back(checked(peer::Peer::start(std::move(options))));
    }
    for (auto const& peer : peers) {
        checked(peer->wait_until_shared(std::chrono::seconds(60)));
    }
    auto const started = ms_since(begin);
    // The tracker has an end of each connection, in this process as well.
    auto const open = settled_descriptors() - descriptors - static_cast<long>(arguments.peers);
    auto const running = count("/proc/self/task") - threads;
    auto const end = Clock::now();
    peers.clear();
    std::printf("%zu peers: started in %.1f ms, %ld threads, %ld descriptors, ended in %.1f ms\n",
                arguments.peers, started, running, open, ms_since(end));
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string_view> const words(argv + 1, argv + argc);
    Arguments arguments;
    arguments.own = std::ranges::count(words, "--own") > 0;
    arguments.directories = std::ranges::count(words, "--no-directory") == 0;
    if (!words.empty() && !words.front().starts_with("--")) {
        arguments.peers = std::strtoul(argv[1], nullptr, 10);
    }
    run(arguments);
}
