// The handles of jobs and of the queue of events.
#include "runtime/callback.hpp"
#include "runtime/event_store.hpp"
#include "runtime/job_state.hpp"

#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/job.hpp>

namespace xfsbus::peer {

AnyJob::AnyJob(std::shared_ptr<runtime::JobState> state) : state_(std::move(state)) {}

JobId AnyJob::id() const {
    return state_->id();
}

bool AnyJob::done() const {
    return state_->done();
}

bool AnyJob::wait(Wait const& wait) const {
    return runtime::Callback::runs_here() ? state_->done() : state_->wait(wait);
}

void AnyJob::cancel() const {
    state_->cancel();
}

void AnyJob::move_play_head(std::uint64_t position, std::uint64_t bytes_per_second) const {
    state_->play(position, bytes_per_second);
}

JobOutcome const* AnyJob::outcome() const {
    return state_->done() ? &state_->outcome() : nullptr;
}

EventQueue::EventQueue(std::shared_ptr<runtime::EventStore> store) : store_(std::move(store)) {}

int EventQueue::descriptor() const {
    return store_->descriptor();
}

std::optional<Event> EventQueue::next() const {
    return store_->next();
}

std::optional<Event> EventQueue::wait(Wait const& wait) const {
    return runtime::Callback::runs_here() ? store_->next() : store_->wait(wait);
}

}  // namespace xfsbus::peer
