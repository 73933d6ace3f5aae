#pragma once

#include "threads/crew.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace xfsbus::peer::threads {

/// Jobs that are taken in the order of their submission, a few at a time, by threads that begin
/// when they are needed.
///
/// submit never blocks, as it is called by threads that must not wait; so it is the submitter that
/// bounds the queue, by holding back what it has while queued() is high. A job may submit others.
class WorkerPool {
  public:
    /// A job has thrown this: a fault of ours, or no memory; or the system refuses the first
    /// thread. Called on the pool's thread, or by submit().
    using OnFault = std::function<void(std::exception_ptr)>;

    /// Of threads of its own, at least one, of this name.
    WorkerPool(unsigned threads, std::string name, OnFault on_fault);
    /// Of a crew's, as many as these at the same time. The crew outlives the pool.
    WorkerPool(Crew& crew, unsigned threads, OnFault on_fault);
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
    std::unique_ptr<Crew> own_;  ///< null: it is another's
    Crew& crew_;
    Crew::Queue queue_;
};

}  // namespace xfsbus::peer::threads
