#include "catch.hpp"
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/peer.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

// What a peer asks its tracker, seen from a tracker that notes it.

using namespace xfsbus;
using namespace xfsbus::peer;

namespace {

class NotingTracker {
  public:
    NotingTracker() {
        auto bound = bus::ControlServer::bind(
            reactor_, {"127.0.0.1", 0}, bus::Security::none(),
            {[this](wire::Sender const& sender, wire::Envelope&& envelope) {
                 take(sender.route, envelope);
             },
             {}});
        REQUIRE(bound.ok());
        server_ = std::move(*bound);
        thread_ = std::thread([this] { reactor_.run(); });
    }

    ~NotingTracker() {
        reactor_.stop();
        thread_.join();
    }

    NotingTracker(NotingTracker const&) = delete;
    NotingTracker& operator=(NotingTracker const&) = delete;

    [[nodiscard]] std::string endpoint() const { return server_->endpoint().to_zmq(); }

    [[nodiscard]] std::vector<wire::Find> finds() {
        std::lock_guard const lock(mutex_);
        return finds_;
    }

  private:
    void take(wire::Route const& route, wire::Envelope const& envelope) {
        auto const answer = [&](wire::Message const& message) {
            server_->send(route, message, envelope.request);
        };
        if (auto const* find = std::get_if<wire::Find>(&envelope.message)) {
            std::lock_guard const lock(mutex_);
            finds_.push_back(*find);
            answer(found(*find));
        } else if (std::holds_alternative<wire::Register>(envelope.message)) {
            answer(wire::Registered{epoch, 3000, 1000, {"127.0.0.1", 1}});
        } else if (auto const* update = std::get_if<wire::Update>(&envelope.message)) {
            answer(wire::Updated{epoch, update->sequence});
        } else if (std::holds_alternative<wire::Heartbeat>(envelope.message)) {
            answer(wire::Alive{epoch});
        }
    }

    /// A file that two pages tell of, with one source each, where nobody listens.
    static wire::Found found(wire::Find const& find) {
        wire::FoundFile file{find.query, {}, 5, 2, {}};
        file.sources.push_back({{}, {"127.0.0.1", 1}, wire::complete_ppm, ""});
        return {epoch, {file}, find.after.empty() ? "more" : ""};
    }

    static constexpr std::uint64_t epoch = 7;

    bus::Reactor reactor_;
    std::unique_ptr<bus::ControlServer> server_;
    std::mutex mutex_;
    std::vector<wire::Find> finds_;  // guarded by mutex_
    std::thread thread_;
};

std::unique_ptr<Peer> peer_of(NotingTracker const& tracker, std::filesystem::path const& to) {
    PeerOptions options;
    options.tracker = tracker.endpoint();
    options.plugin_directories = {XFSBUS_PLUGINS};
    options.download_directory = to;
    auto peer = Peer::start(std::move(options)).value();
    REQUIRE(peer->wait_for_tracker(test::patience));
    return peer;
}

}  // namespace

TEST_CASE("A find asks for every source, page by page") {
    NotingTracker tracker;
    test::TempDir const directory;
    auto const sut = peer_of(tracker, directory.path());
    static_cast<void>(sut->find("a.bin"));
    auto const finds = tracker.finds();
    REQUIRE(finds.size() == 2);
    CHECK(finds[0] == wire::Find{wire::FindBy::name, "a.bin", "", 0, 0, true});
    CHECK(finds[1] == wire::Find{wire::FindBy::name, "a.bin", "more", 0, 0, true});
}

TEST_CASE("A download asks for 32 sources of each file, or as many as it is to use at once") {
    auto const [used, asked] = GENERATE(std::pair{24U, 32U}, std::pair{32U, 32U},
                                        std::pair{33U, 33U}, std::pair{200U, 200U});
    NotingTracker tracker;
    test::TempDir const directory;
    auto const sut = peer_of(tracker, directory.path());
    DownloadRequest request;
    request.name = "a.bin";
    request.sources = used;
    std::stop_source stop;
    auto const over = std::async(std::launch::async,
                                 [&] { return sut->download(request, {}, stop.get_token()).ok(); });
    auto const until = std::chrono::steady_clock::now() + test::patience;
    while (tracker.finds().size() < 2 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    stop.request_stop();
    over.wait();
    auto const finds = tracker.finds();
    REQUIRE(finds.size() >= 2);
    CHECK(finds[0] == wire::Find{wire::FindBy::name, "a.bin", "", 0, asked, false});
    CHECK(finds[1] == wire::Find{wire::FindBy::name, "a.bin", "more", 0, asked, false});
}
