#pragma once

#include "core/share_table.hpp"
#include "shell/download_job.hpp"

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace xfsbus::peer {

/// What other peers ask this one to fetch: begins a download for each content, answers how it
/// stands, tries a failed one again. Keeps no clock and no socket, so that tests can hand in both.
/// Reactor thread.
class PushInbox {
  public:
    static constexpr std::size_t pushes_most = 64;       ///< fetched at once
    static constexpr std::size_t remembered_most = 256;  ///< that are over
    static constexpr auto remembered_for = std::chrono::minutes(10);
    static constexpr auto retry_after = std::chrono::seconds(10);
    static constexpr unsigned tries_most = 3;

    struct Owner {
        bool accept = false;  ///< false: pushes are refused
        ShareTable const& share;
        /// Begins a download; may be done before it returns.
        std::function<std::shared_ptr<DownloadJob>(DownloadJob::Order, DownloadJob::OnDone)>
            download;
        std::function<wire::Time()> now;
        /// A file could not be fetched; whoever pushed it is told when it asks.
        std::function<void(std::string const& name, Error const& why)> on_failed;
    };

    explicit PushInbox(Owner owner) : owner_(std::move(owner)) {}

    /// Pushed, or a Failure if it cannot be taken: a bad name, or too many at once.
    wire::Message answer(wire::Push const& push);

  private:
    /// One content's way here.
    struct Job {
        wire::Pushed stands;
        std::weak_ptr<DownloadJob> download;
        wire::Time ended{};
        unsigned tries = 0;

        [[nodiscard]] bool over() const {
            return stands.state == wire::PushState::there ||
                   stands.state == wire::PushState::failed;
        }

        /// Takes over how far the download is.
        void look();
        void end(Result<std::uint64_t> const& outcome, wire::Time now);
    };

    void begin(wire::Push const& push, std::shared_ptr<Job> const& job);
    [[nodiscard]] bool due_again(Job const& job) const;
    [[nodiscard]] std::size_t running() const;
    void forget_old();

    Owner owner_;
    std::map<wire::ContentId, std::shared_ptr<Job>> jobs_;
};

}  // namespace xfsbus::peer
