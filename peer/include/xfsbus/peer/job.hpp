#pragma once

#include <xfsbus/peer/policy.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::peer {

namespace runtime {
class JobState;
}

/// How long a call waits. By default until it has its answer; the end of the peer is one, too
/// (Errc::ended). What is passed for it may be just a duration, or just a stop_token.
struct Wait {
    Wait() = default;

    Wait(std::stop_token token) : stop(std::move(token)) {}

    template <typename Rep, typename Period>
    Wait(std::chrono::duration<Rep, Period> longest, std::stop_token token = {})
        : most(std::chrono::ceil<std::chrono::milliseconds>(longest)), stop(std::move(token)) {}

    std::optional<std::chrono::milliseconds> most;  ///< then Errc::timeout; nullopt: no deadline
    std::stop_token stop;                           ///< then Errc::interrupted
};

/// What events call a job by. No two jobs of a Peer have the same.
enum class JobId : std::uint64_t {};

/// What a job comes to: that of a find, a download, a push, a scan, a policy, a list, or of what is
/// published.
using JobOutcome = std::variant<Result<std::vector<FoundSource>>, Result<DownloadReport>,
                                Result<PushResult>, Result<UpdateSummary>, Result<PolicyInfo>,
                                Result<std::vector<ListedFile>>, Result<Published>>;

/// Something that a Peer is doing. A handle: copies mean the same job, which goes on without any of
/// them. May outlive the Peer, whose end ends its jobs. Any thread.
class XFSBUS_API AnyJob {
  public:
    /// For a Peer.
    XFSBUS_INTERNAL explicit AnyJob(std::shared_ptr<runtime::JobState> state);

    [[nodiscard]] JobId id() const;
    [[nodiscard]] bool done() const;
    /// Waits until it is done: true. Else it goes on. Does not wait within a callback of a peer.
    bool wait(Wait const& wait = {}) const;
    /// Has it end soon, with Errc::interrupted for what is not done. Does not wait for that.
    void cancel() const;

  protected:
    /// nullptr: it is not done. As long as there is a handle.
    [[nodiscard]] JobOutcome const* outcome() const;
    void move_play_head(std::uint64_t position, std::uint64_t bytes_per_second) const;

  private:
    std::shared_ptr<runtime::JobState> state_;
};

/// A job, and what it comes to.
template <typename T>
class Job final : public AnyJob {
  public:
    using AnyJob::AnyJob;

    /// nullptr: it is not done. As long as there is a handle.
    [[nodiscard]] Result<T> const* result() const& {
        auto const* const all = outcome();
        return all == nullptr ? nullptr : std::get_if<Result<T>>(all);
    }

    Result<T> const* result() && = delete;

    /// Of a download: whoever reads the file while it comes is at this byte, and reads on from
    /// there at this rate as far as the file is here; 0: it stays there until the next call. The
    /// order of chunks sees it ("streaming" fetches first what is read next), ten times a second at
    /// most. Of a pattern it holds for all files that are in progress then or begin later. Any
    /// thread; returns at once.
    void play(std::uint64_t position,
              std::uint64_t bytes_per_second) const requires std::same_as<T, DownloadReport> {
        move_play_head(position, bytes_per_second);
    }
};

using FindJob = Job<std::vector<FoundSource>>;
using DownloadJob = Job<DownloadReport>;
using PushJob = Job<PushResult>;
using UpdateJob = Job<UpdateSummary>;
using PolicyJob = Job<PolicyInfo>;
using ListJob = Job<std::vector<ListedFile>>;
/// Ends when it is cancelled, with the files that it has told of and that are there, or when it
/// cannot go on.
using SubscribeJob = ListJob;
using PublishJob = Job<Published>;

}  // namespace xfsbus::peer
