#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace xfsbus::peer::threads {

/// Threads that several queues of jobs share, a job of each in turn. A thread begins when there is
/// a job for it and no other is free; all stay until the end. Any thread.
class Crew {
  public:
    /// Jobs that are begun in the order in which they came. Of a crew; guarded by its mutex.
    struct Queue {
        unsigned most = 1;  ///< at the same time
        std::function<void(std::exception_ptr)> on_fault;
        std::deque<std::function<void()>> jobs{};
        unsigned running = 0;
        bool waits = false;  ///< for its turn
        bool ended = false;
    };

    /// So many threads, one at least. The name is for debuggers; the kernel keeps 15 bytes of it.
    Crew(unsigned most, std::string name);
    /// Its queues have ended. Not on one of its threads.
    ~Crew();
    Crew(Crew const&) = delete;
    Crew& operator=(Crew const&) = delete;

    void submit(Queue& queue, std::function<void()> job);
    [[nodiscard]] std::size_t queued(Queue const& queue) const;
    /// Drops the jobs that wait, and waits for those that run.
    void end(Queue& queue);

    /// The calling thread is one of them.
    [[nodiscard]] bool runs_here() const;

  private:
    void offer(Queue& queue);
    std::exception_ptr call_if_needed();
    std::exception_ptr start_thread();
    void work();
    void run(Queue& queue, std::unique_lock<std::mutex>& lock);

    std::string name_;
    unsigned most_;
    mutable std::mutex mutex_;
    std::condition_variable called_;
    std::condition_variable rested_;
    std::deque<Queue*>
        waiting_{};       // guarded by mutex_, as all that follows: those with a job to do
    unsigned free_ = 0;   ///< threads that wait, and are not called
    unsigned calls_ = 0;  ///< to threads that wait
    unsigned begun_ = 0;  ///< threads that have not looked yet
    bool ends_ = false;
    std::vector<std::thread> threads_{};
};

}  // namespace xfsbus::peer::threads
