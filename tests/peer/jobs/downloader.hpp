#pragma once

#include "catch.hpp"
#include "fake_executor.hpp"
#include "fakes.hpp"
#include "jobs/download_task.hpp"
#include "jobs/served_offers.hpp"
#include "storage/sight.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/policies/rarest.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs::test {

using xfsbus::test::chunk_bytes;
using xfsbus::test::Sample;
using xfsbus::test::sample;

/// A peer that downloads. Its disk is real; the time, the tracker and the other peers are not.
class Downloader {
  public:
    /// A download that was begun.
    struct Job {
        std::shared_ptr<DownloadTask> task;
        std::shared_ptr<std::optional<Result<DownloadReport>>> result;

        [[nodiscard]] bool done() const { return result->has_value(); }

        /// Of the one file that it fetches.
        [[nodiscard]] DownloadedFile file() const {
            REQUIRE(done());
            REQUIRE((**result));
            REQUIRE((**result)->files.size() == 1);
            return (**result)->files.front();
        }

        [[nodiscard]] Errc error() const {
            REQUIRE(done());
            REQUIRE_FALSE((**result));
            return (**result).error().code;
        }
    };

    struct Options {
        std::size_t places = 16;  ///< of files that are fetched at once
        bool shares = true;       ///< what is here of a file is offered
        bool keep_mode = false;
        std::uint64_t bytes_per_second = 0;  ///< of each file
        bool last_first = false;             ///< as FakeExecutor
    };

    Downloader() : Downloader(Options()) {}

    explicit Downloader(Options const& options) : options_(options) {
        hashes_.put(xfsbus::test::sha256());
        store_.last_first = options.last_first;
    }

    ~Downloader() {
        for (auto const& job : jobs_) {
            job->cancel();
        }
        time.pass(std::chrono::hours(1));
    }

    Downloader(Downloader const&) = delete;
    Downloader& operator=(Downloader const&) = delete;

    FakePeer& add_peer() {
        auto const number = static_cast<std::uint16_t>(peers.size() + 1);
        auto& peer = peers.emplace_back();
        peer.id.bytes[0] = static_cast<std::uint8_t>(number);
        peer.id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
        peer.id.bytes[2] = 1;  // none is `self`
        peer.listens = {"10.0.0.1", number};
        return peer;
    }

    /// The peer has this content, and the tracker knows it.
    void share(FakePeer& peer, std::string const& name, Sample const& what) {
        peer.contents.insert_or_assign(what.content, what);
        list(source_entry(peer), name, what);
    }

    /// The tracker says that somebody has it.
    void list(wire::SourceEntry const& source, std::string const& name, Sample const& what) {
        auto file = std::ranges::find_if(tracker.files, [&](auto const& known) {
            return known.name == name && known.content == what.content;
        });
        if (file == tracker.files.end()) {
            file = tracker.files.insert(file, {name, what.content, what.bytes.size(), 0, {}});
        }
        file->sources.push_back(source);
        ++file->source_count;
    }

    [[nodiscard]] static DownloadTask::Order order(std::string query) {
        DownloadTask::Order order;
        order.query = std::move(query);
        order.sources = 8;
        return order;
    }

    Job start(DownloadTask::Order order) {
        auto result = std::make_shared<std::optional<Result<DownloadReport>>>();
        auto task = std::make_shared<DownloadTask>(
            parts_, std::move(order), new_slot(),
            [result](Result<DownloadReport> report) { *result = std::move(report); });
        jobs_.push_back(task);
        task->start();
        return {task, result};
    }

    /// To its end.
    Job run(DownloadTask::Order order) {
        auto job = start(std::move(order));
        REQUIRE(time.pass_until([&] { return job.done(); }));
        return job;
    }

    /// Until this job has stored so many bytes, and is not done.
    void pass_until_stored(Job const& job, std::uint64_t bytes) {
        REQUIRE(time.pass_until([&] { return job.done() || job.task->bytes_done() >= bytes; }));
        REQUIRE_FALSE(job.done());
    }

    [[nodiscard]] std::string read(std::string const& name) const {
        std::ifstream file(directory.path() / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    /// What is there for later tries.
    [[nodiscard]] std::vector<std::filesystem::path> leftovers(std::string const& extension) const {
        std::vector<std::filesystem::path> found;
        for (auto const& entry : std::filesystem::directory_iterator(directory.path())) {
            if (entry.path().extension() == extension) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// This peer's own file, as its index knows it.
    swarm::IndexedFile put_own(std::string const& name, std::string const& bytes,
                               Sample const& known_as) {
        std::ofstream(directory.path() / name, std::ios::binary) << bytes;
        auto const fd = destination_.tree->open_file(name);
        swarm::IndexedFile file{
            name, known_as.content,
            std::make_shared<std::string const>(wire::encode_manifest(*known_as.manifest)),
            storage::stamp_of(fd->get()).value()};
        shared.put(file);
        return file;
    }

    [[nodiscard]] bool has_logged(std::string const& event) const {
        return std::ranges::find(logged, event, &LogEvent::name) != logged.end();
    }

    /// Lines of the log that have these words in them.
    [[nodiscard]] std::size_t logged_with(std::string const& words) const {
        return static_cast<std::size_t>(std::ranges::count_if(logged, [&](auto const& event) {
            return event.text.find(words) != std::string::npos;
        }));
    }

    xfsbus::test::TempDir directory;
    VirtualTime time;
    std::deque<FakePeer> peers;
    FakeTracker tracker{time};
    FakeChunkPort chunks;
    FakeLinks links{time, chunks, peers};
    wire::PeerId self{{255}};
    swarm::ShareTable shared{1};
    telemetry::Counters counters;
    swarm::Deliveries deliveries;
    std::vector<LogEvent> logged;
    std::shared_ptr<PolicySlot> policy;  ///< of the download that was begun last

    // What others hear of that which is fetched.
    FakeServer server;
    std::vector<swarm::PartialFile> announced;
    std::vector<std::string> given_up;
    std::vector<std::string> fetched;

  private:
    std::shared_ptr<PolicySlot> new_slot() {
        auto slot = std::make_shared<PolicySlot>(1);
        policy = slot;
        slot->put(std::make_shared<policies::GuardedSelector>(
                      "loadlatency", std::make_unique<policies::LoadLatency>(), 1),
                  std::make_shared<policies::PolicyCounters>(), nullptr);
        return slot;
    }

    static FilePolicies::NewOrder new_order() {
        return {std::make_shared<OrderSlot>(), [] {
                    return OrderSlot::Made{
                        .loaded = 1,
                        .order = std::make_shared<policies::GuardedChunkOrder>(
                            "rarest", std::make_unique<policies::RankerOf<policies::Rarest>>()),
                        .totals = std::make_shared<policies::PolicyCounters>()};
                }};
    }

    wire::TransferId new_transfer() {
        wire::TransferId id;
        ++transfers_;
        id.bytes[0] = static_cast<std::uint8_t>(transfers_);
        id.bytes[1] = static_cast<std::uint8_t>(transfers_ >> 8U);
        return id;
    }

    Options options_;
    unsigned transfers_ = 0;
    FakeExecutor store_{time};
    threads::Crew crew_{1, "commit"};
    storage::Committer committer_{crew_, [](std::exception_ptr const&) {}};
    Hashes hashes_{policies::PluginPath(std::vector<std::filesystem::path>{}),
                   std::make_shared<policies::PolicyHost>()};
    swarm::Throttle throttle_{0};
    telemetry::Log log_{[this](LogEvent const& event) { logged.push_back(event); },
                        LogLevel::debug};
    Network network_{
        .scheduler = time, .tracker = tracker, .links = links, .self = self, .look = {}};
    Reception reception_{.chunks = chunks,
                         .throttle = throttle_,
                         .bytes_per_second = options_.bytes_per_second,
                         .new_transfer = [this] { return new_transfer(); },
                         .counters = counters,
                         .deliveries = deliveries};
    FilePolicies policies_{.new_order = new_order, .source_ids = SourceIds(1)};
    Destination destination_{.tree = storage::Tree::open(directory.path()).value(),
                             .durability = Durability::process,
                             .keep_mode = options_.keep_mode,
                             .places = swarm::FilePlaces(options_.places)};

  public:
    ServedOffers offers{
        {.server = options_.shares ? &server : nullptr,
         .links = links,
         .on_fetched = [this](auto const& file) { fetched.push_back(file.name); },
         .on_partial = [this](auto const& file) { announced.push_back(file); },
         .on_partial_gone = [this](auto const& name) { given_up.push_back(name); }}};

  private:
    FileTransfer::Parts transfer_parts_{.scheduler = time,
                                        .store = store_,
                                        .committer = committer_,
                                        .reception = reception_,
                                        .policies = policies_,
                                        .offers = offers,
                                        .log = log_};
    DownloadTask::Parts parts_{.network = network_,
                               .transfer = transfer_parts_,
                               .destination = destination_,
                               .hashes = hashes_,
                               .share = shared,
                               .log = log_};
    std::vector<std::shared_ptr<DownloadTask>> jobs_;
};

}  // namespace xfsbus::peer::jobs::test
