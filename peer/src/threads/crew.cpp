#include "threads/crew.hpp"

#include <xfsbus/bus/batch_scheduling.hpp>
#include <xfsbus/bus/held_signals.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

#include <pthread.h>

namespace xfsbus::peer::threads {
namespace {

constexpr std::size_t thread_name_bytes = 15;

}  // namespace

Crew::Crew(unsigned most, std::string name)
    : name_(name.substr(0, thread_name_bytes)), most_(std::max(most, 1U)) {}

Crew::~Crew() {
    {
        std::lock_guard const lock(mutex_);
        ends_ = true;
    }
    called_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

/// A crew that can have no thread at all is a fault of the queue's owner: the system refuses it.
void Crew::submit(Queue& queue, std::function<void()> job) {
    std::exception_ptr refused;
    {
        std::lock_guard const lock(mutex_);
        queue.jobs.push_back(std::move(job));
        offer(queue);
        refused = call_if_needed();
        if (!refused || !threads_.empty()) {
            return;
        }
    }
    queue.on_fault(refused);
}

std::size_t Crew::queued(Queue const& queue) const {
    std::lock_guard const lock(mutex_);
    return queue.jobs.size();
}

void Crew::end(Queue& queue) {
    std::deque<std::function<void()>> dropped;
    {
        std::unique_lock lock(mutex_);
        queue.ended = true;
        queue.waits = false;
        std::erase(waiting_, &queue);
        rested_.wait(lock, [&] { return queue.running == 0; });
        dropped.swap(queue.jobs);  // and destroyed without the lock
    }
}

bool Crew::runs_here() const {
    std::lock_guard const lock(mutex_);
    return std::ranges::any_of(
        threads_, [](auto const& thread) { return thread.get_id() == std::this_thread::get_id(); });
}

/// Has it wait for its turn, if it may begin a job.
void Crew::offer(Queue& queue) {
    if (!queue.jobs.empty() && queue.running < queue.most && !queue.ended && !queue.waits) {
        queue.waits = true;
        waiting_.push_back(&queue);
    }
}

/// Calls a thread that is free, or begins one, if more queues wait than threads are on their way.
/// Why there is none, if the system refuses it.
std::exception_ptr Crew::call_if_needed() {
    if (waiting_.size() <= calls_ + begun_) {
        return nullptr;
    }
    if (free_ > 0) {
        --free_;
        ++calls_;
        called_.notify_one();
    } else if (threads_.size() < most_) {
        return start_thread();
    }
    return nullptr;
}

std::exception_ptr Crew::start_thread() {
    try {
        bus::HeldSignals const for_the_thread;
        bus::BatchScheduling const of_the_thread;
        threads_.emplace_back([this] { work(); });
        ++begun_;
        return nullptr;
    } catch (std::system_error const&) {
        return std::current_exception();
    }
}

void Crew::work() {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    std::unique_lock lock(mutex_);
    --begun_;
    while (!ends_) {
        if (!waiting_.empty()) {
            auto* const queue = waiting_.front();
            waiting_.pop_front();
            queue->waits = false;
            run(*queue, lock);
            continue;
        }
        ++free_;
        called_.wait(lock, [this] { return calls_ > 0 || ends_; });
        calls_ -= calls_ > 0 ? 1 : 0;
    }
}

void Crew::run(Queue& queue, std::unique_lock<std::mutex>& lock) {
    auto job = std::move(queue.jobs.front());
    queue.jobs.pop_front();
    ++queue.running;
    offer(queue);
    call_if_needed();  // without another thread this one does it all, a little later
    lock.unlock();
    try {
        job();
    } catch (...) {
        queue.on_fault(std::current_exception());
    }
    job = nullptr;  // what it holds may be told of its end, and submit
    lock.lock();
    --queue.running;
    offer(queue);
    rested_.notify_all();
}

}  // namespace xfsbus::peer::threads
