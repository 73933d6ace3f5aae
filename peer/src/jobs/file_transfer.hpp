#pragma once

#include "jobs/candidate.hpp"
#include "jobs/offers.hpp"
#include "jobs/policy_slot.hpp"
#include "jobs/source_ids.hpp"
#include "jobs/stream.hpp"
#include "net/alarm.hpp"
#include "net/chunk_port.hpp"
#include "net/executor.hpp"
#include "net/link.hpp"
#include "storage/committer.hpp"
#include "storage/part_file.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/decision_trace.hpp"
#include "telemetry/log.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/sink_session.hpp>
#include <xfsbus/swarm/source_history.hpp>
#include <xfsbus/swarm/throttle.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace xfsbus::peer::jobs {

/// What chunks go through that come to a peer. Owned by the Node; reactor thread.
struct Reception {
    net::ChunkPort& chunks;
    swarm::Throttle& throttle;                       ///< of all downloads
    std::uint64_t bytes_per_second;                  ///< the limit of each file; 0: none
    std::function<wire::TransferId()> new_transfer;  ///< one that nobody can guess
    telemetry::Counters& counters;
    swarm::Deliveries& deliveries;  ///< what each source delivers is noted there
};

/// Where a file is read while it comes, and how fast; as DownloadJob::play.
struct PlayFrom {
    std::uint64_t position = 0;
    std::uint64_t bytes_per_second = 0;
};

/// What the policies of all files have in common. Owned by the Node; reactor thread.
struct FilePolicies {
    /// What one file's chunk order needs.
    struct NewOrder {
        std::shared_ptr<OrderSlot> slot;  ///< reached by each swap from now on
        /// What is to be put into it. A plug-in creates it, which may take its time: not for the
        /// reactor's thread. Throws PolicyFault if strict.
        std::function<OrderSlot::Made()> make;
    };

    std::function<NewOrder()> new_order;
    std::shared_ptr<PolicyUsed const> chunk_order{};  ///< which one is in force
    telemetry::DecisionTrace* trace = nullptr;        ///< null: nothing is written down
    SourceIds source_ids;
    swarm::SourceHistory source_history{};  ///< what downloads have found of sources
    std::uint64_t files_begun = 0;          ///< policies tell files apart by their numbers
};

/// Fetches one file: gives a SinkSession its connections, its disk and its clock. Reactor thread;
/// verifying and writing happen on the store pool.
class FileTransfer : public std::enable_shared_from_this<FileTransfer> {
  public:
    struct Owner {
        /// Once, when it is over.
        std::function<void(DownloadedFile)> on_done;
        /// More sources are wanted: call add_candidate for each, then on_search_done.
        std::function<void()> search;
    };

    struct Wanted {
        storage::PartFile::Target target;
        /// Of this peer's own file of that name, if it has this content.
        std::optional<swarm::FileStamp> known_stamp;
        std::size_t sources_most = 0;
        std::shared_ptr<PolicySlot> policy;
        PlayFrom play = {};
        std::shared_ptr<Stream> stream = {};  ///< it is fetched for; null: for none
    };

    /// What outlives it.
    struct Parts {
        bus::Scheduler& scheduler;
        net::Executor& store;           ///< verifies and writes
        storage::Committer& committer;  ///< ends files that are to survive a power cut
        Reception& reception;
        FilePolicies& policies;
        Offers& offers;
        telemetry::Log const& log;
    };

    FileTransfer(Parts const& parts, Wanted wanted, Owner owner);
    ~FileTransfer();

    void add_candidate(Candidate candidate);
    void on_search_done();
    /// Whether it is used now, so that nothing new can be said of it.
    [[nodiscard]] bool uses(wire::Endpoint const& endpoint) const;
    /// Another peer that fetches the same file, and serves what it has of it.
    void add_fellow(std::shared_ptr<net::Link> link);

    void start();
    /// Ends it; what was stored stays on disk. on_done is called, with Errc::interrupted.
    void cancel();
    void play(PlayFrom const& from);
    /// Somebody else reads it, too; the stream ends when this does.
    void join(std::shared_ptr<Stream> const& stream);

    /// How it stands.
    [[nodiscard]] DownloadStatus status() const;

    [[nodiscard]] FileProgress progress() const;

    /// Whether it ended because there was no room on the disk.
    [[nodiscard]] bool lacked_room() const { return lacked_room_; }

    /// By this try.
    [[nodiscard]] std::uint64_t bytes_fetched() const { return bytes_fetched_; }

  private:
    struct Prepared {
        storage::PartFile::Present present = storage::PartFile::Present::nothing;
        std::vector<std::uint32_t> chunks;                  ///< that are there
        std::shared_ptr<storage::PartReader const> reader;  ///< for others; null: there is none
        std::optional<swarm::FileStamp> stamp;              ///< of the same content, in place
        std::optional<OrderSlot::Made> order;  ///< if it is to be fetched, and has several
    };

    struct Written {
        Result<storage::PartFile::Stored> stored;
        std::optional<Result<swarm::IndexedFile>> finished;
    };

    template <typename Work, typename Then>
    void on_store_thread(std::uint64_t bytes, Work work, Then then);

    // before the first chunk
    using MakeOrder = std::function<OrderSlot::Made()>;
    [[nodiscard]] Result<Prepared> prepare(storage::PartFile& part, MakeOrder const& make) const;
    [[nodiscard]] Result<Prepared> look_and_open(storage::PartFile& part,
                                                 MakeOrder const& make) const;
    [[nodiscard]] std::optional<swarm::FileStamp> stamp_in_place() const;
    void on_prepared(Result<Prepared> const& prepared);
    void begin(Prepared const& prepared, std::uint16_t data_port);
    void add(Candidate candidate);
    std::uint16_t offer(std::shared_ptr<storage::PartReader const> reader);

    // whoever reads it meanwhile
    void begin(Stream& stream);
    void fetch_from(std::uint64_t position);
    void tell_streams(std::function<void(Stream&)> const& tell) const;
    [[nodiscard]] Stream::About about() const;

    // what the session wants done
    void pump();
    void pump_soon();
    void carry_out(swarm::SinkSession::Actions& actions);
    void send(swarm::SinkSession::Send& send);
    void want(net::Link& link, swarm::SourceId source, wire::Want& want);
    void on_refused(swarm::SourceId source, wire::Refused const& refused);
    void on_have(swarm::SourceId source, wire::Have const& have);
    void probe(swarm::SourceId source);
    void announce(std::uint32_t ppm);
    [[nodiscard]] net::Link* link_to(swarm::SourceId source) const;
    [[nodiscard]] std::string endpoint_of(swarm::SourceId source) const;
    void let_go(swarm::SourceId source);

    // chunks
    bool on_chunk(swarm::SourceId source, wire::ChunkHeader const& header, bus::Payload payload);
    static Written write(storage::PartFile& part, std::uint32_t chunk, bus::Payload const& payload);
    void on_written(swarm::SourceId source, std::uint32_t chunk, Written const& written);

    // the end
    void finish();
    void commit();
    void on_finished(Result<swarm::IndexedFile> const& file);
    void succeed(swarm::IndexedFile const& file);
    void end(std::optional<Error> error, bool present = false);
    [[nodiscard]] std::vector<SourceStatus> source_status() const;
    [[nodiscard]] DownloadedFile report_of_session() const;

    Parts parts_;
    storage::PartFile::Target target_;
    std::size_t sources_most_;
    std::shared_ptr<PolicySlot> policy_;
    PlayFrom play_;
    Owner owner_;

    std::shared_ptr<storage::PartFile> part_;
    std::optional<swarm::FileStamp> known_stamp_;
    std::shared_ptr<Stream> stream_;  ///< it is fetched for; null: for none
    std::shared_ptr<OrderSlot> order_;
    policies::SeededRandom random_;      ///< what policies see of it: of this file alone
    std::vector<Candidate> candidates_;  ///< until it begins
    std::shared_ptr<swarm::ContentState> content_;
    std::unique_ptr<swarm::SinkSession> session_;  ///< once it has begun
    std::map<swarm::SourceId, std::shared_ptr<net::Link>> links_;
    std::shared_ptr<storage::PartReader const> reader_;
    std::vector<std::weak_ptr<Stream>> guests_;    ///< others that are read from it
    std::unique_ptr<Offer> offer_;                 ///< while others are served
    std::shared_ptr<std::string const> manifest_;  ///< then
    net::Alarm alarm_;
    bool pump_posted_ = false;
    std::optional<Result<swarm::IndexedFile>> finished_;  ///< it has its name, or cannot have it
    swarm::RateMeter rate_{std::chrono::seconds(2)};
    wire::Time started_{};
    std::uint64_t bytes_fetched_ = 0;
    bool lacked_room_ = false;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace xfsbus::peer::jobs
