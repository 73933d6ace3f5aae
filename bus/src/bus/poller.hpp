#pragma once

#include "bus/monitor_hub.hpp"

#include <xfsbus/wire/time.hpp>

#include <zmq.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace xfsbus::bus {

/// What one thread has for all reactors that it runs: the ZeroMQ context, one wait, and one
/// descriptor to be woken by. They take turns; a turn of one does little. The thread's, but for
/// what says otherwise.
class Poller {
  public:
    /// A reactor. What it throws is told to itself.
    class Member {
      public:
        Member() = default;
        Member(Member const&) = delete;
        Member& operator=(Member const&) = delete;

        /// It is run from now on.
        virtual void on_joined(wire::Time now) = 0;
        /// What it does before there is a wait.
        virtual void begin_turn() = 0;
        [[nodiscard]] virtual bool is_over() const = 0;
        /// It has something to do at once.
        [[nodiscard]] virtual bool is_hurried() const = 0;
        [[nodiscard]] virtual std::optional<wire::Time> next_timer() const = 0;
        virtual void on_woken(std::uint32_t id) = 0;
        virtual void on_monitored(MonitorHub::Box box) = 0;
        /// What it does when the wait is over.
        virtual void end_turn(wire::Time now) = 0;
        virtual void fail(std::exception_ptr const& fault) = 0;
        /// It is run no more, and perhaps gone when this returns. Must not throw.
        virtual void on_left() = 0;

      protected:
        ~Member() = default;
    };

    /// Throws std::system_error if the system gives no descriptors.
    Poller();
    /// Its members are gone.
    ~Poller();
    Poller(Poller const&) = delete;
    Poller& operator=(Poller const&) = delete;

    /// Any thread.
    [[nodiscard]] zmq::context_t& context() { return context_; }

    /// Any thread.
    [[nodiscard]] MonitorHub& monitors() { return monitors_; }

    /// Any thread: ends the wait.
    void wake() const;

    [[nodiscard]] bool runs_here() const { return std::this_thread::get_id() == thread_; }

    /// Any thread: it joins in the next turn.
    void admit(Member& member);
    /// The calling thread is the one that takes turns from now on.
    void begin();
    /// Returns at once if there is no member.
    void turn();
    /// Until it is woken, or a while later.
    void wait();

    [[nodiscard]] bool is_empty() const { return members_.empty(); }

    // ---- for members ----

    /// A joined member is told (on_woken) when the descriptor can be read.
    void watch(int operation, Member const& member, std::uint32_t id, int fd, bool readable) const;

  private:
    void admit_waiting();
    void let_go();
    void look_at_monitors();
    template <typename Call>
    void each(Call call);
    [[nodiscard]] int patience_ms() const;

    zmq::context_t context_;
    MonitorHub monitors_;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    std::atomic<std::thread::id> thread_{};

    std::mutex mutex_;
    std::vector<Member*> waiting_;  // guarded by mutex_
    std::vector<Member*> members_{};
    /// The number of each tells whom epoll means.
    std::unordered_map<Member const*, std::uint32_t> numbers_{};
    std::unordered_map<std::uint32_t, Member*> by_number_{};
    std::uint32_t last_number_ = 0;
};

}  // namespace xfsbus::bus
