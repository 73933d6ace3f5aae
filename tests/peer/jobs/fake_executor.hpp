#pragma once

#include "net/executor.hpp"
#include "virtual_time.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs::test {

/// Does the work in a turn of its own, and what is to be done then in another; or, as several
/// threads may, what was handed to it in one turn with the last one first.
class FakeExecutor final : public net::Executor {
  public:
    explicit FakeExecutor(VirtualTime& time) : time_(time) {}

    void submit(std::uint64_t /*bytes*/, Job job) override {
        if (!last_first) {
            return time_.post([this, job = std::move(job)] { time_.post(job()); });
        }
        if (jobs_.empty()) {
            time_.post([this] { work(); });
        }
        jobs_.push_back(std::move(job));
    }

    bool last_first = false;

  private:
    void work() {
        std::vector<bus::Scheduler::Task> results;
        for (auto const& job : std::exchange(jobs_, {})) {
            results.push_back(job());
        }
        for (auto result = results.rbegin(); result != results.rend(); ++result) {
            time_.post(std::move(*result));
        }
    }

    VirtualTime& time_;
    std::vector<Job> jobs_;
};

}  // namespace xfsbus::peer::jobs::test
