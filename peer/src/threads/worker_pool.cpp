#include "threads/worker_pool.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace xfsbus::peer::threads {
namespace {

constexpr std::size_t thread_name_bytes = 15;

}  // namespace

WorkerPool::WorkerPool(unsigned threads, std::string name, OnFault on_fault)
    : name_(name.substr(0, thread_name_bytes)), on_fault_(std::move(on_fault)) {
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
        threads_.emplace_back([this](std::stop_token const& stop) { work(stop); });
    }
}

WorkerPool::~WorkerPool() {
    for (auto& thread : threads_) {
        thread.request_stop();
    }
    threads_.clear();
}

void WorkerPool::submit(std::function<void()> job) {
    {
        std::lock_guard const lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

std::size_t WorkerPool::queued() const {
    std::lock_guard const lock(mutex_);
    return jobs_.size();
}

void WorkerPool::work(std::stop_token const& stop) {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    while (true) {
        std::function<void()> job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [this] { return !jobs_.empty(); });
            if (stop.stop_requested()) {
                return;
            }
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        try {
            job();
        } catch (...) {
            on_fault_(std::current_exception());
        }
    }
}

}  // namespace xfsbus::peer::threads
