#pragma once

#include "jobs/bundle_transfer.hpp"
#include "jobs/destination.hpp"
#include "jobs/file_transfer.hpp"
#include "jobs/finder.hpp"
#include "jobs/manifest_fetch.hpp"
#include "jobs/policy_slot.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer::jobs {

/// Fetches everything that a query names: finds it, asks the sources of the next files how they
/// are, fetches their manifests, and files side by side. What a tracker says of sizes is shown
/// until the manifest is here, and is not relied on. Reactor thread.
class DownloadTask : public std::enable_shared_from_this<DownloadTask> {
  public:
    struct Order {
        std::string query;
        std::string out;  ///< another name for the one file
        bool force = false;
        bool repair = false;
        std::size_t sources = 0;
        wire::Duration wait{};  ///< for sources, since something came last
        std::function<void(DownloadProgress const&)> on_progress;
        bool pushed = false;  ///< another peer has asked for it, which cannot set these options
        std::function<void(DownloadedFile const&)> on_file = {};  ///< that is over
        std::uint64_t play_bytes_per_second = 0;                  ///< as DownloadRequest's
        std::shared_ptr<Stream> stream = {};  ///< of the one file; who reads it meanwhile
    };

    using OnDone = std::function<void(Result<DownloadReport>)>;

    /// What outlives it.
    struct Parts {
        Network const& network;
        FileTransfer::Parts const& transfer;
        Destination& destination;
        Hashes& hashes;
        swarm::ShareTable const& share;
        telemetry::Log const& log;
    };

    DownloadTask(Parts const& parts, Order order, std::shared_ptr<PolicySlot> policy,
                 OnDone on_done);
    ~DownloadTask();

    void start();
    void cancel();
    /// As DownloadJob::play.
    void play(std::uint64_t position, std::uint64_t bytes_per_second);

    /// Lets somebody read the file of this name meanwhile, if it is in progress, and its content id
    /// begins so.
    bool join(std::string const& name, std::string const& id,
              std::shared_ptr<Stream> const& stream);

    /// The files in progress.
    [[nodiscard]] std::vector<DownloadStatus> status() const;

    /// Of all its files, on disk.
    [[nodiscard]] std::uint64_t bytes_done() const { return progress().bytes_done; }

    [[nodiscard]] std::shared_ptr<PolicySlot> const& policy() const { return policy_; }

  private:
    using Found = wire::FoundFile;

    /// Files that are looked at together, or are ready.
    static constexpr std::size_t files_ahead_most = 512;

    /// Files in progress are of no more bytes.
    static constexpr std::uint64_t running_bytes_most = 64 * 1024 * 1024;

    struct Ready {
        Found file;
        std::shared_ptr<wire::Manifest const> manifest;
        wire::FileAttributes about;
        bool alone = false;  ///< it is not to be bundled with others
    };

    // what is to be fetched
    void on_found(Result<std::vector<Found>> found);
    void choose_versions(std::vector<Found> found);
    void advance();
    void advance_soon();
    void begin_ready();
    [[nodiscard]] Ready take_ready();
    [[nodiscard]] bool may_look_on() const;
    void look_on();
    [[nodiscard]] std::vector<Found> next_files();
    void on_answered(wire::SourceEntry const& source, Candidate candidate);
    void forget_unused(std::vector<Found> const& next);
    void on_probed(std::vector<Found> const& files);
    [[nodiscard]] std::vector<Candidate> candidates(Found const& file) const;
    /// Whether it has described this content wrongly.
    [[nodiscard]] bool has_lied(wire::Endpoint const& source, wire::ContentId const& content) const;
    [[nodiscard]] std::uint32_t first_sources() const;
    [[nodiscard]] std::size_t enough_sources() const;

    // manifests
    [[nodiscard]] ManifestFetch::Owner manifest_owner();
    [[nodiscard]] swarm::ManifestFetcher::Want want_of(Found const& file) const;
    void on_manifest(wire::ContentId const& content,
                     std::shared_ptr<wire::Manifest const> const& manifest,
                     wire::FileAttributes const& about);
    [[nodiscard]] Error unreached(Found const& file, Error error) const;
    void on_no_manifest(wire::ContentId const& content, Error const& error);
    [[nodiscard]] bool try_other_version(Found const& file, Error const& error);
    void on_discredited(swarm::ManifestFetcher::Discredited const& discredited);
    void search_for_manifest(wire::ContentId const& content);

    // small files
    [[nodiscard]] bool bundles() const;
    [[nodiscard]] bool may_be_bundled(Ready const& ready) const;
    [[nodiscard]] std::size_t next_bundle() const;
    void begin_bundle(std::size_t count);
    void on_bundle_done(std::uint64_t number, BundleTransfer::Ended ended);

    // files
    [[nodiscard]] bool room(std::uint64_t file_bytes, std::size_t files) const;
    [[nodiscard]] bool take_place();
    [[nodiscard]] bool take_name(Found const& file);
    [[nodiscard]] bool is_published(Found const& file);
    [[nodiscard]] std::string const& target_name(Found const& file) const;
    [[nodiscard]] std::optional<swarm::FileStamp> known_stamp(Found const& file) const;
    [[nodiscard]] storage::PartFile::Target target_of(
        Found const& file, std::shared_ptr<wire::Manifest const> manifest,
        wire::FileAttributes const& about);
    void begin(std::shared_ptr<Found const> const& file,
               std::shared_ptr<wire::Manifest const> manifest, wire::FileAttributes const& about);
    void tell_begun(Found const& file) const;
    void search(std::weak_ptr<FileTransfer> const& transfer, Found const& file);
    void find_more(Found const& file, std::function<bool(wire::Endpoint const&)> const& skip,
                   Finder::OnEach const& on_each, std::function<void()> const& on_done);
    void on_file_done(Found const& file, FileTransfer const* transfer, DownloadedFile report);
    [[nodiscard]] bool try_again_later(Found const& file, FileTransfer const& transfer);
    [[nodiscard]] bool has_new_version(Found const& file, DownloadedFile const& report) const;
    void follow(Found const& file, DownloadedFile report);
    void follow(Found const& file, DownloadedFile report, wire::Time until);
    void on_followed(Found const& file, DownloadedFile report, wire::Time until,
                     Result<std::vector<Found>> const& found);
    [[nodiscard]] bool may_wait(Error const& why) const;
    void find_again(Error const& why);
    void wait_for(Found const& file, Error const& why);
    void on_waited(Found const& file, Error const& why, Result<std::vector<Found>> const& found);
    void report_file(Found const& file, DownloadedFile report);
    void add_report(Found const& file, DownloadedFile report);
    void fail_file(Found const& file, Error error);
    void report_progress();
    void finish(std::optional<Error> error = std::nullopt);
    [[nodiscard]] DownloadProgress progress() const;

    Parts parts_;
    Order order_;
    std::shared_ptr<PolicySlot> policy_;
    OnDone on_done_;
    Finder finder_;

    /// A source that did not answer: since when, and why.
    struct Silent {
        wire::Time since{};
        std::string why;
    };

    std::deque<Found> found_;                                  ///< not looked at yet
    std::map<std::string, std::deque<Found>> other_versions_;  ///< of these names, the best first
    std::map<wire::ContentId, std::vector<Found>> asking_;     ///< their manifests are under way
    std::size_t asking_count_ = 0;                             ///< files of these
    std::deque<Ready> ready_;                                  ///< can be begun
    std::size_t ready_bytes_ = 0;                              ///< of their manifests
    std::shared_ptr<ManifestFetch> manifests_;

    struct Running {
        std::shared_ptr<FileTransfer> transfer;
        std::shared_ptr<Found const> file;
    };

    std::unordered_map<FileTransfer const*, Running> running_;

    struct RunningBundle {
        std::shared_ptr<BundleTransfer> transfer;
        std::vector<Ready> files;
    };

    std::map<std::uint64_t, RunningBundle> bundles_;  ///< by their numbers
    std::size_t bundled_ = 0;                         ///< files of these
    std::uint64_t bundles_begun_ = 0;
    std::map<std::string, std::size_t> bundle_failures_;  ///< of sources, by their endpoints
    std::uint64_t running_bytes_ = 0;
    PlayFrom play_;                               ///< whoever reads them, for those that begin
    std::map<wire::Endpoint, Candidate> probed_;  ///< those that answered
    std::map<wire::Endpoint, Silent> silent_;
    wire::Time news_{};                  ///< when something came last
    std::size_t waiting_ = 0;            ///< files that wait for a source, or for another download
    std::deque<Found> lacked_room_;      ///< are tried once more, one by one
    std::set<std::string> tried_again_;  ///< names of those, the ones tried since included
    std::map<wire::ContentId, std::set<wire::Endpoint>> discredited_;
    std::map<std::string, std::set<wire::ContentId>> outdated_;  ///< versions of these names
    std::size_t following_ = 0;  ///< files whose new versions are looked for
    bool probing_ = false;
    bool advancing_ = false;
    bool advance_posted_ = false;

    std::shared_ptr<storage::WrittenFiles> written_ = std::make_shared<storage::WrittenFiles>();
    std::shared_ptr<storage::LastPlace> last_place_ = std::make_shared<storage::LastPlace>();
    DownloadReport report_;
    std::uint64_t bytes_total_ = 0;
    std::uint64_t bytes_done_ = 0;  ///< of files that are over
    std::uint64_t files_total_ = 0;
    wire::Time started_{};
    std::deque<std::pair<wire::Time, std::uint64_t>> history_;  ///< for the rate
    std::optional<bus::Scheduler::TimerId> progress_timer_;
    bool over_ = false;
};

}  // namespace xfsbus::peer::jobs
