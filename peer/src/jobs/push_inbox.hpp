#pragma once

#include "jobs/download_task.hpp"

#include <xfsbus/peer/push.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace xfsbus::peer::jobs {

/// What other peers ask this one to fetch: begins a download for each content, answers how it
/// stands, tries a failed one again: soon and for a while, if it failed for want of a tracker or of
/// sources, which may be back in a moment; else later and seldom. Keeps no clock and no socket, so
/// that tests can hand in both. Reactor thread.
class PushInbox {
  public:
    static constexpr std::size_t pushes_most = 64;       ///< fetched at once
    static constexpr std::size_t remembered_most = 256;  ///< that are over
    static constexpr auto remembered_for = std::chrono::minutes(10);
    static constexpr auto retry_after = std::chrono::seconds(10);
    static constexpr unsigned tries_most = 3;
    /// For want of a tracker or of sources: so often, and until so long after the first try.
    static constexpr auto soon_after = std::chrono::seconds(1);
    static constexpr auto soon_for = std::chrono::seconds(60);

    struct Owner {
        AcceptPush accept = AcceptPush::none;
        swarm::ShareTable const& share;
        /// Begins a download; may be done before it returns.
        std::function<std::shared_ptr<DownloadTask>(DownloadTask::Order, DownloadTask::OnDone)>
            download;
        std::function<wire::Time()> now;
        /// A file could not be fetched; whoever pushed it is told when it asks.
        std::function<void(std::string const& name, Error const& why)> on_failed;
        std::function<void(wire::Push const&)> on_taken = {};  ///< the first time, or again
    };

    explicit PushInbox(Owner owner) : owner_(std::move(owner)) {}

    /// Pushed, or a Failure if it cannot be taken: a bad name, or too many at once.
    wire::Message answer(wire::Push const& push);

  private:
    /// One content's way here.
    struct Job {
        wire::Pushed stands;
        std::weak_ptr<DownloadTask> download;
        wire::Time begun{};  ///< the first time
        wire::Time ended{};
        unsigned tries = 0;
        bool passing = false;  ///< what it failed for may pass by itself

        /// What the pusher is told.
        [[nodiscard]] wire::Pushed told() const;

        [[nodiscard]] bool over() const {
            return stands.state == wire::PushState::there ||
                   stands.state == wire::PushState::failed;
        }

        /// Takes over how far the download is.
        void look();
        void end(Result<std::uint64_t> const& outcome, wire::Time now);
    };

    /// A push that has to have its name is another one than that of the same content under any.
    using Key = std::pair<wire::ContentId, std::string>;

    [[nodiscard]] swarm::IndexedFile const* file_of(wire::Push const& push) const;
    void begin(wire::Push const& push, std::shared_ptr<Job> const& job);
    [[nodiscard]] bool due_again(Job const& job) const;
    [[nodiscard]] std::size_t running() const;
    void forget_old();

    Owner owner_;
    std::map<Key, std::shared_ptr<Job>> jobs_;
};

}  // namespace xfsbus::peer::jobs
