#pragma once

#include "runtime/answers.hpp"
#include "runtime/event_store.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace xfsbus::peer::runtime {

/// A job that a Peer was asked for: what its handles share. Any thread.
class JobState final : public Awaited {
  public:
    /// `kind`: an outcome of the right kind. `events`: is told when it is done.
    JobState(JobId id, JobOutcome kind, std::shared_ptr<EventStore> events)
        : id_(id), events_(std::move(events)), outcome_(std::make_shared<JobOutcome>(kind)) {}

    [[nodiscard]] JobId id() const { return id_; }

    /// What cancel() does; before anybody has a handle.
    void when_cancelled(std::function<void()> cancel) { cancel_ = std::move(cancel); }

    void cancel() const { cancel_(); }

    using Play = std::function<void(std::uint64_t position, std::uint64_t bytes_per_second)>;

    /// What play() does, of a download; before anybody has a handle.
    void when_played(Play play) { play_ = std::move(play); }

    void play(std::uint64_t position, std::uint64_t bytes_per_second) const {
        play_(position, bytes_per_second);
    }

    /// It is done; the first outcome counts.
    void set(JobOutcome outcome);
    void fail(Error const& why) override;

    [[nodiscard]] bool done() const;
    /// True once it is done.
    bool wait(Wait const& wait) const;

    /// Once it is done, as long as this is there.
    [[nodiscard]] JobOutcome const& outcome() const { return *outcome_; }

    /// Hands it over, once it is done; for one that nobody has a handle of.
    [[nodiscard]] JobOutcome take() { return std::move(*outcome_); }

  private:
    template <typename Write>
    void finish(Write write);

    JobId id_;
    std::shared_ptr<EventStore> events_;
    std::function<void()> cancel_;
    Play play_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::shared_ptr<JobOutcome> outcome_;  // written before done_, not after it
    bool done_ = false;                    // guarded by mutex_
};

}  // namespace xfsbus::peer::runtime
