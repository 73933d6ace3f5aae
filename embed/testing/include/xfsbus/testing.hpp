#pragma once

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/testing/temporary_directory.hpp>
#include <xfsbus/tracker/running_tracker.hpp>
#include <xfsbus/wire/counters.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// For the tests of programs that embed a peer; of no testing framework. What cannot be made is
/// thrown, with the reason.
namespace xfsbus::testing {

/// A tracker and some peers of this process, on 127.0.0.1 at free ports, each sharing a temporary
/// directory of its own. The peers have their threads in common. For one thread; the peers' own
/// methods are for any.
class Swarm {
  public:
    /// What is different about a peer; `number` counts from 0.
    using Change = std::function<void(peer::PeerOptions& options, std::size_t number)>;

    /// All of them are registered when it returns.
    explicit Swarm(std::size_t peers, Change const& change = {}) : commons_(new_commons(peers)) {
        for (std::size_t number = 0; number < peers; ++number) {
            start(number, change);
        }
        for (auto const& each : peers_) {
            check(each->wait_for_tracker(patience));
        }
    }

    [[nodiscard]] std::size_t size() const { return peers_.size(); }

    [[nodiscard]] peer::Peer& peer(std::size_t number) { return *peers_.at(number); }

    /// Which this peer shares, and into which it downloads.
    [[nodiscard]] std::filesystem::path const& directory(std::size_t number) const {
        return directories_.at(number)->path();
    }

    [[nodiscard]] std::string tracker() const { return tracker_->endpoint(); }

    /// Puts a file into the directory of this peer; when it returns, others find it.
    void share(std::size_t number, std::string const& name, std::string_view content) {
        auto const path = directory(number) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream file(path, std::ios::binary);
        if (!file.write(content.data(), static_cast<std::streamsize>(content.size())).flush()) {
            throw std::runtime_error("cannot write " + path.string());
        }
        file.close();
        check(peer(number).update_list(patience));
    }

    /// The peer is gone, as if its program had ended, and the tracker knows it; its directory
    /// stays.
    void stop(std::size_t number) {
        peers_.at(number).reset();
        auto const left = static_cast<std::size_t>(
            std::ranges::count_if(peers_, [](auto const& peer) { return peer != nullptr; }));
        auto const until = std::chrono::steady_clock::now() + patience;
        while (value_of(tracker_->counters(), "peers") > left) {
            if (std::chrono::steady_clock::now() > until) {
                throw std::runtime_error("the tracker still knows a peer that has ended");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

  private:
    static constexpr auto patience = std::chrono::seconds(30);

    void start(std::size_t number, Change const& change) {
        peer::PeerOptions options;
        options.tracker = tracker();
        options.host = "127.0.0.1";
        options.directory = directories_.emplace_back(new TemporaryDirectory)->path();
        options.durability = peer::Durability::process;
        options.commons = commons_;
        if (change) {
            change(options, number);
        }
        auto started = peer::Peer::start(std::move(options));
        check(started);
        peers_.push_back(std::move(*started));
    }

    template <class T>
    static void check(Result<T> const& result) {
        if (!result) {
            throw std::runtime_error(result.error().message);
        }
    }

    static std::unique_ptr<tracker::RunningTracker> new_tracker() {
        auto started = tracker::RunningTracker::start({.host = "127.0.0.1", .port = 0});
        check(started);
        return std::move(*started);
    }

    static std::shared_ptr<peer::Commons> new_commons(std::size_t peers) {
        auto started = peer::Commons::start({.peers = peers});
        check(started);
        return std::move(*started);
    }

    std::unique_ptr<tracker::RunningTracker> tracker_ = new_tracker();
    std::shared_ptr<peer::Commons> commons_;
    std::vector<std::unique_ptr<TemporaryDirectory>> directories_;
    std::vector<std::unique_ptr<peer::Peer>> peers_;
};

}  // namespace xfsbus::testing
