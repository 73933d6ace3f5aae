#pragma once

#include "jobs/candidate.hpp"
#include "jobs/session_runner.hpp"
#include "jobs/stream.hpp"
#include "jobs/transfer_parts.hpp"
#include "net/link.hpp"
#include "storage/part_file.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/rate_meter.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// Where a file is read while it comes, and how fast; as DownloadJob::play.
struct PlayFrom {
    std::uint64_t position = 0;
    std::uint64_t bytes_per_second = 0;
};

/// Fetches one file: gives a SinkSession its disk. Reactor thread; verifying and writing happen on
/// the store pool.
class FileTransfer final : public std::enable_shared_from_this<FileTransfer>,
                           private SessionRunner::Owner {
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

    using Parts = TransferParts;

    FileTransfer(Parts const& parts, Wanted wanted, Owner owner);
    ~FileTransfer();

    void add_candidate(Candidate candidate);
    void on_search_done();
    /// Whether it is in use now: then it need not be asked how it is.
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
    std::uint16_t offer(std::shared_ptr<storage::PartReader const> reader);

    // whoever reads it meanwhile
    void begin(Stream& stream);
    void fetch_from(std::uint64_t position);
    void tell_streams(std::function<void(Stream&)> const& tell) const;
    [[nodiscard]] Stream::About about() const;

    // what the session wants done
    void announce(std::uint32_t ppm) override;
    [[nodiscard]] std::optional<Error> fault() const override;
    void on_failed(Error const& error) override;
    void search() override;

    // chunks
    void on_chunk(swarm::SourceId source, std::uint32_t chunk, bus::Payload payload) override;
    static Written write(storage::PartFile& part, std::uint32_t chunk, bus::Payload const& payload);
    void on_written(swarm::SourceId source, std::uint32_t chunk, Written const& written);

    // the end
    void finish();
    void commit();
    void on_finished(Result<swarm::IndexedFile> const& file);
    void succeed(swarm::IndexedFile const& file);
    void end(std::optional<Error> error, bool present = false);
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
    std::shared_ptr<SessionRunner> runner_;  ///< once it has begun
    std::shared_ptr<storage::PartReader const> reader_;
    std::vector<std::weak_ptr<Stream>> guests_;           ///< others that are read from it
    std::unique_ptr<Offer> offer_;                        ///< while others are served
    std::shared_ptr<std::string const> manifest_;         ///< then
    std::optional<Result<swarm::IndexedFile>> finished_;  ///< it has its name, or cannot have it
    swarm::RateMeter rate_{std::chrono::seconds(2)};
    wire::Time started_{};
    std::uint64_t bytes_fetched_ = 0;
    bool lacked_room_ = false;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace xfsbus::peer::jobs
