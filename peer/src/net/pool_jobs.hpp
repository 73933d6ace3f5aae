#pragma once

#include "net/executor.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace xfsbus::peer::net {

/// Work that a pool does and whose result comes back to the reactor. Small jobs of a turn go to the
/// pool several at a time, and so do their results come back: to wake a thread for each of them,
/// and then the reactor, costs more than the work. Reactor thread.
class PoolJobs final : public Executor {
  public:
    /// One that has more bytes to deal with than so many goes alone, and at once.
    static constexpr std::uint64_t small_bytes = 32 * 1024;
    static constexpr std::size_t together_most = 32;

    PoolJobs(bus::Scheduler& scheduler, threads::WorkerPool& pool)
        : scheduler_(scheduler), pool_(pool) {}

    void submit(std::uint64_t bytes, Job job) override;

  private:
    void flush();
    void hand_over(std::vector<Job> jobs);

    bus::Scheduler& scheduler_;
    threads::WorkerPool& pool_;
    std::vector<Job> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace xfsbus::peer::net
