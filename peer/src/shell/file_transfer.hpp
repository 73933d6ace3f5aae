#pragma once

#include "core/download.hpp"
#include "disk/part_file.hpp"
#include "shell/policy_slot.hpp"
#include "shell/services.hpp"

#include <xfsbus/bus/data.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace xfsbus::peer {

/// Another peer that can be a source, and how it is.
struct Candidate {
    std::shared_ptr<Link> link;
    std::string labels;
    Link::Vitals vitals;
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

    FileTransfer(Services& services, PartFile::Target target, std::size_t sources_most,
                 std::shared_ptr<PolicySlot> policy, Owner owner);
    ~FileTransfer();

    void add_candidate(Candidate candidate);
    void on_search_done();

    void start();
    /// Ends it; what was stored stays on disk. on_done is called, with Errc::interrupted.
    void cancel();

    void on_chunk(SourceId source, wire::ChunkHeader const& header, bus::Payload payload);

    /// Of the file on disk, also from earlier tries.
    [[nodiscard]] std::uint64_t bytes_stored() const;

    /// Of these, the ones that this try fetched.
    [[nodiscard]] std::uint64_t bytes_fetched() const { return bytes_fetched_; }

    [[nodiscard]] std::size_t sources_active() const;

  private:
    struct Way {
        Candidate about;
        std::optional<wire::TransferId> transfer;  ///< while open
    };

    struct Prepared {
        PartFile::Present present = PartFile::Present::nothing;
        std::vector<std::uint32_t> chunks;
    };

    struct Written {
        Result<PartFile::Stored> stored;
        std::optional<Result<IndexedFile>> finished;
    };

    template <typename Work, typename Then>
    void on_store_thread(Work work, Then then);
    [[nodiscard]] Result<Prepared> prepare(PartFile& part) const;
    [[nodiscard]] Result<Prepared> look_and_open(PartFile& part) const;
    static Written write(PartFile& part, std::uint32_t chunk, bus::Payload const& payload);
    void on_prepared(Result<Prepared> const& prepared);
    void begin(std::vector<std::uint32_t> const& chunks);
    void pump();
    void ask(Download::Ask const& ask);
    void want(SourceId source, wire::TransferId const& transfer, std::uint64_t credit,
              std::vector<std::uint32_t> chunks);
    void on_refused(SourceId source, wire::Refused const& refused);
    void probe(SourceId source);
    void drop(SourceId source);
    void on_written(SourceId source, std::uint32_t chunk, Written const& written);
    void finish();
    void succeed(IndexedFile file);
    void end(std::optional<Error> error, bool present = false);
    void arm_timer();
    [[nodiscard]] Download::Limits limits() const;

    Services& services_;
    PartFile::Target target_;
    std::size_t sources_most_;
    std::shared_ptr<PolicySlot> policy_;
    Owner owner_;

    std::shared_ptr<PartFile> part_;
    std::optional<FileStamp> known_stamp_;  ///< of our own file, if it has this content
    std::unique_ptr<Download> download_;
    std::map<SourceId, Way> ways_;
    std::optional<bus::Reactor::TimerId> timer_;
    wire::Time started_{};
    std::uint64_t bytes_fetched_ = 0;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace xfsbus::peer
