#pragma once

#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace xfsbus::peer::net {

/// Work that a pool does and whose result comes back to the reactor. Small jobs of a turn go to the
/// pool several at a time, and so do their results come back: to wake a thread for each of them,
/// and then the reactor, costs more than the work. Reactor thread.
class PoolJobs {
  public:
    /// Done by the pool; returns what the reactor is to do then.
    using Job = std::function<bus::Reactor::Task()>;

    /// One that has more bytes to deal with than so many goes alone, and at once.
    static constexpr std::uint64_t small_bytes = 32 * 1024;
    static constexpr std::size_t together_most = 8;

    PoolJobs(bus::Reactor& reactor, threads::WorkerPool& pool) : reactor_(reactor), pool_(pool) {}

    PoolJobs(PoolJobs const&) = delete;
    PoolJobs& operator=(PoolJobs const&) = delete;

    /// They are begun in their order.
    void submit(std::uint64_t bytes, Job job);

  private:
    void flush();
    void hand_over(std::vector<Job> jobs);

    bus::Reactor& reactor_;
    threads::WorkerPool& pool_;
    std::vector<Job> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace xfsbus::peer::net
