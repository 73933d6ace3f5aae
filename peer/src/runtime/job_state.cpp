#include "runtime/job_state.hpp"

namespace xfsbus::peer::runtime {

template <typename Write>
void JobState::finish(Write write) {
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(done_, true)) {
            return;
        }
        write(*outcome_);
    }
    changed_.notify_all();
    events_->put(JobDone{id_, outcome_});
}

void JobState::set(JobOutcome outcome) {
    finish([&](JobOutcome& mine) { mine = std::move(outcome); });
}

void JobState::fail(Error const& why) {
    finish([&](JobOutcome& mine) { std::visit([&](auto& result) { result = why; }, mine); });
}

bool JobState::done() const {
    std::lock_guard const lock(mutex_);
    return done_;
}

bool JobState::wait(Wait const& wait) const {
    std::unique_lock lock(mutex_);
    return wait_until(changed_, lock, wait, [this] { return done_; });
}

}  // namespace xfsbus::peer::runtime
