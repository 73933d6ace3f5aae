#include "threads/worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::peer::threads {

WorkerPool::WorkerPool(unsigned threads, std::string name, OnFault on_fault)
    : own_(std::make_unique<Crew>(threads, std::move(name))),
      crew_(*own_),
      queue_{std::max(threads, 1U), std::move(on_fault)} {}

WorkerPool::WorkerPool(Crew& crew, unsigned threads, OnFault on_fault)
    : crew_(crew), queue_{std::max(threads, 1U), std::move(on_fault)} {}

WorkerPool::~WorkerPool() {
    crew_.end(queue_);
}

void WorkerPool::submit(std::function<void()> job) {
    crew_.submit(queue_, std::move(job));
}

std::size_t WorkerPool::queued() const {
    return crew_.queued(queue_);
}

}  // namespace xfsbus::peer::threads
