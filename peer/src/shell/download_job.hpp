#pragma once

#include "shell/finder.hpp"
#include "shell/policy_slot.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer {

/// Fetches everything that a query names: finds it, asks the sources how they are, fetches
/// manifests in batches and files side by side. Reactor thread.
class DownloadJob : public std::enable_shared_from_this<DownloadJob> {
  public:
    struct Order {
        std::string query;
        std::string out;  ///< another name for the one file
        bool force = false;
        bool repair = false;
        std::size_t sources = 0;
        std::function<void(DownloadProgress const&)> on_progress;
    };

    using OnDone = std::function<void(Result<DownloadReport>)>;

    DownloadJob(Services& services, Order order, std::shared_ptr<PolicySlot> policy,
                OnDone on_done);
    ~DownloadJob();

    void start();
    void cancel();

    /// The files in progress.
    [[nodiscard]] std::vector<DownloadStatus> status() const;

    /// Of all its files, on disk.
    [[nodiscard]] std::uint64_t bytes_done() const { return progress().bytes_done; }

    [[nodiscard]] std::shared_ptr<PolicySlot> const& policy() const { return policy_; }

  private:
    using Found = wire::FoundFile;

    void on_found(Result<std::vector<Found>> found);
    void choose_versions(std::vector<Found> found);
    void on_probed(Finder::Probed probed);
    void advance();
    void fetch_manifests();
    void ask_manifests(std::shared_ptr<std::vector<Found>> batch, std::size_t source);
    void on_manifests(std::shared_ptr<std::vector<Found>> const& batch, std::size_t source,
                      Result<wire::Message> answer);
    void fetch_long_manifest(Found file, std::string so_far, std::shared_ptr<Link> link);
    void on_manifest(Found const& file, std::string const& bytes);
    [[nodiscard]] std::vector<Candidate> candidates(Found const& file) const;
    [[nodiscard]] bool room(std::uint64_t file_bytes) const;
    void begin(Found const& file, std::shared_ptr<wire::Manifest const> manifest);
    void search(std::weak_ptr<FileTransfer> const& transfer, Found const& file);
    void on_file_done(Found const& file, FileTransfer const* transfer, DownloadedFile report);
    void fail_file(Found const& file, Error error);
    void report_progress();
    void finish(std::optional<Error> error = std::nullopt);
    [[nodiscard]] DownloadProgress progress() const;

    Services& services_;
    Order order_;
    std::shared_ptr<PolicySlot> policy_;
    OnDone on_done_;
    Finder finder_;

    struct Ready {
        Found file;
        std::shared_ptr<wire::Manifest const> manifest;
    };

    std::deque<Found> found_;  ///< manifests not asked for yet
    std::deque<Ready> ready_;  ///< can be begun
    std::size_t asking_ = 0;   ///< files whose manifests are under way
    std::unordered_map<FileTransfer const*, std::shared_ptr<FileTransfer>> running_;
    std::uint64_t running_bytes_ = 0;
    Finder::Probed probed_;
    bool probing_ = true;
    bool advancing_ = false;

    DownloadReport report_;
    std::uint64_t bytes_total_ = 0;
    std::uint64_t bytes_done_ = 0;  ///< of files that are over
    std::uint64_t files_total_ = 0;
    wire::Time started_{};
    std::deque<std::pair<wire::Time, std::uint64_t>> history_;  ///< for the rate
    std::optional<bus::Reactor::TimerId> progress_timer_;
    bool over_ = false;
};

}  // namespace xfsbus::peer
