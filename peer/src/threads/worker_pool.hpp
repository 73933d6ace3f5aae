#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace xfsbus::peer::threads {

/// A few threads that take jobs in the order of their submission.
///
/// submit never blocks, as it is called by threads that must not wait; so it is the submitter that
/// bounds the queue, by holding back what it has while queued() is high. A job may submit others.
class WorkerPool {
  public:
    /// A job has thrown this: a fault of ours, or no memory. Called on the pool's thread.
    using OnFault = std::function<void(std::exception_ptr)>;

    /// At least one thread. The name is for debuggers; the kernel keeps 15 bytes of it.
    WorkerPool(unsigned threads, std::string name, OnFault on_fault);
    /// Waits for the jobs that run and drops those that wait. The last thing to be done with a
    /// pool, and not by one of its jobs.
    ~WorkerPool();
    WorkerPool(WorkerPool const&) = delete;
    WorkerPool& operator=(WorkerPool const&) = delete;

    /// Any thread.
    void submit(std::function<void()> job);
    /// Jobs that wait for a thread. Any thread.
    [[nodiscard]] std::size_t queued() const;

  private:
    void work(std::stop_token const& stop);

    std::string name_;
    OnFault on_fault_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::jthread> threads_;
};

}  // namespace xfsbus::peer::threads
