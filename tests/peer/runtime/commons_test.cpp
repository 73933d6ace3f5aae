// Peers of one process that have their threads in common.
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;

namespace {

namespace fs = std::filesystem;

std::size_t entries_of(char const* directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

std::size_t thread_count() {
    return entries_of("/proc/self/task");
}

std::size_t descriptor_count() {
    return entries_of("/proc/self/fd");
}

DownloadRequest named(std::string const& name) {
    DownloadRequest request;
    request.name = name;
    return request;
}

std::string content_of(fs::path const& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Peers with a share each, of one Commons.
struct Crowd {
    explicit Crowd(std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            add();
        }
        for (auto const& peer : peers) {
            REQUIRE(peer->wait_for_tracker(patience));
        }
    }

    PeerOptions options() {
        auto options = options_for(tracker);
        options.host = "127.0.0.1";
        options.directory = shares.emplace_back().path();
        options.commons = commons;
        return options;
    }

    Peer& add() { return add(options()); }

    Peer& add(PeerOptions options) {
        return *peers.emplace_back(Peer::start(std::move(options)).value());
    }

    void share(std::size_t number, std::string const& name, std::string const& text) {
        std::ofstream(shares.at(number).path() / name) << text;
        REQUIRE(peers.at(number)->update_list(patience));
    }

    void fetch(Peer& sink, std::string const& name) {
        auto const report = sink.download(named(name), {}, patience);
        REQUIRE(report);
        CHECK_FALSE(report->files.at(0).error);
    }

    RunningTracker tracker;
    std::deque<TempDir> shares;
    std::shared_ptr<Commons> commons = Commons::start().value();
    std::vector<std::unique_ptr<Peer>> peers;
};

/// Meanwhile no file whose name ends so can be opened, and whoever tries waits.
class StuckDisk final : public files::Faults {
  public:
    explicit StuckDisk(std::string suffix) : suffix_(std::move(suffix)) { files::set_faults(this); }

    ~StuckDisk() override {
        go();
        files::set_faults(nullptr);
        for (auto n = inside_.load(); n != 0; n = inside_.load()) {
            inside_.wait(n);
        }
    }

    StuckDisk(StuckDisk const&) = delete;
    StuckDisk& operator=(StuckDisk const&) = delete;

    void go() {
        stuck_ = false;
        stuck_.notify_all();
    }

    void wait_for_one() {
        for (auto n = waiting_.load(); n == 0; n = waiting_.load()) {
            waiting_.wait(n);
        }
    }

    files::Fault on_call(std::string_view, int, std::string_view path) override {
        ++inside_;
        if (path.ends_with(suffix_) && stuck_) {
            ++waiting_;
            waiting_.notify_all();
            stuck_.wait(true);
        }
        --inside_;
        inside_.notify_all();
        return {};
    }

  private:
    std::string suffix_;
    std::atomic<bool> stuck_ = true;
    std::atomic<int> waiting_ = 0;
    std::atomic<int> inside_ = 0;
};

}  // namespace

TEST_CASE("Peers with threads in common and one with its own exchange files") {
    Crowd crowd(3);
    auto own = crowd.options();
    own.commons = nullptr;
    auto& alone = crowd.add(std::move(own));
    REQUIRE(alone.wait_for_tracker(patience));
    crowd.share(0, "of 0", "from the first");
    crowd.share(3, "of 3", "from the one alone");
    crowd.fetch(*crowd.peers[1], "of 0");
    crowd.fetch(alone, "of 0");
    crowd.fetch(*crowd.peers[2], "of 3");
    CHECK(content_of(crowd.shares[1].path() / "of 0") == "from the first");
    CHECK(content_of(crowd.shares[3].path() / "of 0") == "from the first");
    CHECK(content_of(crowd.shares[2].path() / "of 3") == "from the one alone");
}

TEST_CASE("Fifty peers with threads in common take few threads and descriptors") {
    bool const share = GENERATE(false, true);
    CAPTURE(share);
    constexpr std::size_t peers = 50;
    RunningTracker const tracker;
    TempDir const downloads;
    std::deque<TempDir> shares;
    auto const threads_before = thread_count();
    auto const descriptors_before = descriptor_count();
    auto const commons = Commons::start().value();
    std::vector<std::unique_ptr<Peer>> all;
    for (std::size_t i = 0; i < peers; ++i) {
        auto options = options_for(tracker);
        options.host = "127.0.0.1";
        options.download_directory = downloads.path();
        if (share) {
            options.directory = shares.emplace_back().path();
        }
        options.commons = commons;
        all.push_back(Peer::start(std::move(options)).value());
    }
    for (auto const& peer : all) {
        REQUIRE(peer->wait_until_shared(patience));
    }
    CHECK(thread_count() - threads_before <= 60);
    // The tracker has an end of each connection, in this process as well, and looks at first
    // whether it can connect to them.
    CHECK(comes_true([&] { return descriptor_count() - descriptors_before - peers <= 400; }));
}

TEST_CASE("Fifty peers that share directories have no more threads when all of them fetch") {
    constexpr std::size_t peers = 50;
    auto const threads_before = thread_count();
    Crowd crowd(peers);
    crowd.share(0, "file", std::string(1'000'000, 'f'));
    std::vector<DownloadJob> jobs;
    for (std::size_t i = 1; i < peers; ++i) {
        jobs.push_back(crowd.peers[i]->start_download(named("file")));
    }
    for (auto& job : jobs) {
        REQUIRE(job.wait(std::chrono::seconds(60)));
        CHECK_FALSE(job.result()->value().files.at(0).error);
    }
    constexpr std::size_t of_the_tracker = 3;
    CHECK(thread_count() - threads_before <= 60 + of_the_tracker);
}

TEST_CASE("Peers and what they have in common end in any order") {
    auto const seed = GENERATE(1U, 2U, 3U);
    Crowd crowd(6);
    crowd.share(0, "file", std::string(500'000, 'f'));
    std::vector<DownloadJob> jobs;
    for (std::size_t i = 1; i < crowd.peers.size(); ++i) {
        jobs.push_back(crowd.peers[i]->start_download(named("file")));
    }
    crowd.commons.reset();  // the peers have it still
    std::shuffle(crowd.peers.begin(), crowd.peers.end(), std::minstd_rand(seed));
    while (crowd.peers.size() > 1) {
        crowd.peers.pop_back();
        CHECK(crowd.peers.back()->status(patience));
    }
    crowd.peers.clear();
    for (auto const& job : jobs) {
        CHECK(job.done());
    }
}

TEST_CASE("A peer that ends within its own callback leaves the others") {
    Crowd crowd(2);
    std::promise<void> ready;
    std::promise<void> ended;
    std::unique_ptr<Peer> goes;
    auto options = crowd.options();
    options.log = [&, wait = ready.get_future().share()](LogEvent const& event) {
        if (event.name == "tracker-found") {
            wait.wait();
            goes.reset();
            ended.set_value();
        }
    };
    goes = Peer::start(std::move(options)).value();
    auto const queue = goes->lasting_events().value();
    ready.set_value();
    REQUIRE(ended.get_future().wait_for(patience) == std::future_status::ready);
    auto end = queue.wait(patience);
    while (end && !std::holds_alternative<PeerEnded>(*end)) {
        end = queue.wait(patience);
    }
    CHECK(end);
    CHECK(crowd.peers[0]->status(patience));
}

TEST_CASE("A disk that hangs for one peer holds up no other") {
    Crowd crowd(3);
    StuckDisk disk(".stuck");
    for (int i = 0; i < 8; ++i) {
        std::ofstream(crowd.shares[0].path() / (std::to_string(i) + ".stuck")) << i;
    }
    disk.wait_for_one();
    crowd.share(1, "file", "there");
    crowd.fetch(*crowd.peers[2], "file");
    CHECK(crowd.peers[0]->status(patience));  // its own reactor goes on, too
    crowd.peers.pop_back();
    CHECK(crowd.peers[1]->status(patience));
    disk.go();
}

TEST_CASE("A peer that cannot start leaves those that it would have had threads in common with") {
    Crowd crowd(2);
    auto options = crowd.options();
    options.tracker = "nowhere";
    CHECK_FALSE(Peer::start(std::move(options)));
    CHECK(crowd.peers[0]->status(patience));
}
