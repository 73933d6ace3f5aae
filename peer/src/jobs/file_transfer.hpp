#pragma once

#include "jobs/offering.hpp"
#include "jobs/policy_slot.hpp"
#include "jobs/services.hpp"
#include "storage/part_file.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/swarm/download.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace xfsbus::peer::jobs {

/// Another peer that can be a source, and how it is.
struct Candidate {
    std::shared_ptr<net::Link> link;
    std::string labels;
    net::Link::Vitals vitals;
    double completeness = 1;
};

/// The shell of Download: fetches one file. Reactor thread; verifying and writing happen on the
/// store pool.
class FileTransfer : public std::enable_shared_from_this<FileTransfer> {
  public:
    struct Owner {
        /// Once, when it is over.
        std::function<void(DownloadedFile)> on_done;
        /// More sources are wanted: call add_candidate for each, then on_search_done.
        std::function<void()> search;
    };

    FileTransfer(Services& services, storage::PartFile::Target target, std::size_t sources_most,
                 std::shared_ptr<PolicySlot> policy, Owner owner);
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

    /// Returns whether it was asked for.
    bool on_chunk(swarm::SourceId source, wire::ChunkHeader const& header, bus::Payload payload);

    /// How it stands.
    [[nodiscard]] DownloadStatus status() const;

    [[nodiscard]] FileProgress progress() const;

    /// By this try.
    [[nodiscard]] std::uint64_t bytes_fetched() const { return bytes_fetched_; }

  private:
    struct Way {
        Candidate about;
        std::optional<wire::TransferId> transfer{};  ///< while open
        bool corrupt = false;                        ///< it sent what is not of this content
    };

    struct Prepared {
        storage::PartFile::Present present = storage::PartFile::Present::nothing;
        std::vector<std::uint32_t> chunks;
        std::shared_ptr<storage::PartReader const> reader;  ///< if others may have what is here
        std::shared_ptr<OrderSlot> order;                   ///< if it is to be fetched
    };

    struct Written {
        Result<storage::PartFile::Stored> stored;
        std::optional<Result<swarm::IndexedFile>> finished;
    };

    template <typename Work, typename Then>
    void on_store_thread(Work work, Then then);
    [[nodiscard]] Result<Prepared> prepare(storage::PartFile& part) const;
    [[nodiscard]] Result<Prepared> look_and_open(storage::PartFile& part) const;
    static Written write(storage::PartFile& part, std::uint32_t chunk, bus::Payload const& payload);
    void on_prepared(Result<Prepared> const& prepared);
    void begin(Prepared const& prepared);
    void pump();
    [[nodiscard]] static swarm::Download::Candidate about_of(swarm::SourceId id,
                                                             Candidate const& candidate);
    void ask(swarm::Download::Ask const& ask);
    void ask_slowly(swarm::Download::Ask const& ask, wire::TransferId const& transfer);
    void want(swarm::SourceId source, wire::TransferId const& transfer, std::uint64_t credit,
              std::vector<std::uint32_t> chunks);
    void on_refused(swarm::SourceId source, wire::Refused const& refused);
    void on_have(swarm::SourceId source, wire::Have const& have);
    void probe(swarm::SourceId source);
    void tell_loss(swarm::SourceId source);
    void drop(swarm::SourceId source);
    [[nodiscard]] Way* way_of(swarm::SourceId source);
    void let_go(swarm::SourceId source);
    void on_written(swarm::SourceId source, std::uint32_t chunk, Written const& written);
    void finish();
    void commit();
    void on_finished(Result<swarm::IndexedFile> const& file);
    void succeed(swarm::IndexedFile file);
    void end(std::optional<Error> error, bool present = false);
    void arm_timer();
    [[nodiscard]] swarm::Download::Limits limits() const;
    [[nodiscard]] std::vector<SourceStatus> source_status() const;

    // what sources are told of what is here
    [[nodiscard]] bool in_swarm() const {
        return target_.manifest->layout().chunks >= swarm::Download::swarm_chunks_least;
    }

    void tell_all(Way const& way);
    void tell_gained();
    void tell(Way const& way, std::vector<std::uint32_t> chunks);
    void tell_soon(std::uint32_t chunk);

    Services& services_;
    storage::PartFile::Target target_;
    std::size_t sources_most_;
    std::shared_ptr<PolicySlot> policy_;
    Owner owner_;

    std::shared_ptr<storage::PartFile> part_;
    std::optional<swarm::FileStamp> known_stamp_;  ///< of our own file, if it has this content
    std::shared_ptr<OrderSlot> order_;
    policies::SeededRandom random_;  ///< what policies see of it: of this file alone
    std::unique_ptr<swarm::Download> download_;
    std::map<swarm::SourceId, Way> ways_;
    std::optional<bus::Reactor::TimerId> timer_;
    Throttle throttle_;  ///< of this file alone
    swarm::ChunkSet has_;
    std::optional<Result<swarm::IndexedFile>>
        finished_;  ///< the file has its name, or cannot have it
    std::unique_ptr<Offering> offering_;
    std::vector<std::uint32_t> gained_;  ///< to be told to sources
    std::optional<bus::Reactor::TimerId> tell_timer_;
    swarm::RateMeter rate_{std::chrono::seconds(2)};
    wire::Time started_{};
    std::uint64_t bytes_fetched_ = 0;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace xfsbus::peer::jobs
