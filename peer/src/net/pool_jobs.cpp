#include "net/pool_jobs.hpp"

#include <utility>

namespace xfsbus::peer::net {

void PoolJobs::submit(std::uint64_t bytes, Job job) {
    if (bytes > small_bytes) {
        flush();
        return hand_over({std::move(job)});
    }
    waiting_.push_back(std::move(job));
    if (waiting_.size() == together_most) {
        flush();
    } else if (waiting_.size() == 1) {
        scheduler_.post([this, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) {
                flush();
            }
        });
    }
}

void PoolJobs::flush() {
    if (!waiting_.empty()) {
        hand_over(std::exchange(waiting_, {}));
    }
}

void PoolJobs::hand_over(std::vector<Job> jobs) {
    pool_.submit([&scheduler = scheduler_, jobs = std::move(jobs)] {
        std::vector<bus::Scheduler::Task> results;
        results.reserve(jobs.size());
        for (auto const& job : jobs) {
            results.push_back(job());
        }
        scheduler.post([results = std::move(results)] {
            for (auto const& result : results) {
                result();
            }
        });
    });
}

}  // namespace xfsbus::peer::net
