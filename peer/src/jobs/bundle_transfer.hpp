#pragma once

#include "jobs/candidate.hpp"
#include "jobs/session_runner.hpp"
#include "jobs/transfer_parts.hpp"
#include "storage/part_file.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/content_state.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// Fetches several small files from one source as one chunk, so that they cost one conversation. To
/// the policy they are one file of one chunk. It knows the usual course only: whatever goes wrong
/// with a file is left to a FileTransfer, which tries it again alone and says what is wrong with
/// it. Reactor thread; looking, verifying and writing happen on the store pool.
class BundleTransfer final : public std::enable_shared_from_this<BundleTransfer>,
                             private SessionRunner::Owner {
  public:
    struct Wanted {
        /// Files of one chunk each, all together no more than bundle_bytes; none is replaced,
        /// repaired, or to survive a power cut.
        std::vector<storage::PartFile::Target> targets;
        std::vector<Candidate> candidates;  ///< each has all of them
        std::size_t sources_most = 0;
        std::shared_ptr<PolicySlot> policy;
    };

    struct Ended {
        /// Of each target; nullopt: it is to be fetched alone.
        std::vector<std::optional<DownloadedFile>> files;
        std::vector<std::string> failed;  ///< sources that did not deliver, by their endpoints
    };

    /// Called once, when it is over.
    using OnDone = std::function<void(Ended)>;

    BundleTransfer(TransferParts const& parts, Wanted wanted, OnDone on_done);
    ~BundleTransfer();
    BundleTransfer(BundleTransfer const&) = delete;
    BundleTransfer& operator=(BundleTransfer const&) = delete;

    void start();
    /// Ends it; its files are reported as interrupted.
    void cancel();

    /// How its sources stand.
    [[nodiscard]] std::vector<SourceStatus> source_status() const;
    /// Sources that are in use.
    [[nodiscard]] std::size_t sources_active() const;

  private:
    enum class Look {
        missing,  ///< and can be written
        present,
        other,  ///< whatever that means, FileTransfer says it
    };

    struct Written {
        bool corrupt = false;
        std::optional<swarm::IndexedFile>
            file;  ///< nullopt: it could not be written, or is corrupt
    };

    class Files;  ///< on disk

    void on_looked(std::vector<Look> const& looks);
    void begin(std::uint16_t data_port);
    void tell_trace(wire::FileLayout const& layout) const;
    void tell_damaged(std::vector<Written> const& written) const;
    [[nodiscard]] std::vector<wire::ContentId> missing_contents() const;

    // what the session wants done
    void on_chunk(swarm::SourceId source, std::uint32_t chunk, bus::Payload payload) override;
    void announce(std::uint32_t ppm) override;
    [[nodiscard]] std::optional<Error> fault() const override;
    void on_failed(Error const& error) override;
    void search() override;

    void on_written(swarm::SourceId source, std::vector<Written> const& written);
    void end();
    [[nodiscard]] DownloadedFile report_of(storage::PartFile::Target const& target) const;

    TransferParts parts_;
    std::vector<storage::PartFile::Target> targets_;
    std::vector<Candidate> candidates_;  ///< until it begins
    std::size_t sources_most_;
    std::shared_ptr<PolicySlot> policy_;
    OnDone on_done_;
    std::shared_ptr<OrderSlot> order_;
    policies::SeededRandom random_;
    std::shared_ptr<Files> files_;      ///< until they are written
    std::vector<std::size_t> missing_;  ///< targets, in the order of the chunk
    std::uint64_t bytes_ = 0;           ///< of these
    std::uint64_t transfer_ = 0;        ///< what the policy knows it by, once it has begun
    std::optional<swarm::ContentState> content_;
    std::shared_ptr<SessionRunner> runner_;  ///< once it has begun
    Ended ended_;
    wire::Time started_{};
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace xfsbus::peer::jobs
