#pragma once

#include <xfsbus/bus/reactor.hpp>

#include <zmq.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xfsbus::bus {

class ConnectionWatch;

/// What the sockets of this box need of the loop.
///
/// It waits with epoll on the file descriptors that ZeroMQ gives its sockets, so that a turn costs
/// what happens in it, however many sockets there are; zmq_poll asks each of them twice a turn.
/// Such a descriptor tells only that something has changed since the socket was last used
/// (zmq_getsockopt, ZMQ_FD): so a socket is looked at when its descriptor says so, and after each
/// use.
struct Reactor::Impl {
    using OnEvents = std::function<void(short)>;
    enum class Token : std::uint64_t {};

    Impl();
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    zmq::context_t& context() { return context_; }

    /// Calls `on_events` while the socket has any of these events, with those that it has. The
    /// socket must be removed before it is closed.
    Token add(zmq::socket_ref socket, short events, OnEvents on_events);
    Token add_fd(int fd, OnEvents on_readable);
    void set_events(Token token, short events);
    /// Something was sent or received other than in `on_events`: the socket may have events now of
    /// which its file descriptor will not tell.
    void touch(Token token);
    void remove(Token token);

    /// What was added, removed at the end of the scope.
    class Registration {
      public:
        Registration() = default;

        Registration(Impl& loop, Token token) : loop_(&loop), token_(token) {}

        Registration(Registration&& other) noexcept
            : loop_(std::exchange(other.loop_, nullptr)), token_(other.token_) {}

        Registration& operator=(Registration&& other) noexcept {
            std::swap(loop_, other.loop_);
            std::swap(token_, other.token_);
            return *this;
        }

        ~Registration() {
            if (loop_ != nullptr) {
                loop_->remove(token_);
            }
        }

        [[nodiscard]] Token token() const { return token_; }

      private:
        Impl* loop_ = nullptr;
        Token token_{};
    };

    /// The loop looks at its connections now and then, until it is forgotten.
    void look_at(ConnectionWatch& watch);
    void forget(ConnectionWatch& watch);

    void run();
    void stop();
    void post(Task task);

    [[nodiscard]] wire::Time now() const { return now_; }

    TimerId at(wire::Time time, Task task);
    void cancel(TimerId timer);

    std::unordered_map<int, Token> watched_fds;

  private:
    struct Entry {
        zmq::socket_ref socket;  ///< none: a plain file descriptor
        int fd = -1;
        short events = 0;
        std::shared_ptr<OnEvents> on_events;
        bool touched = false;
    };

    struct Ready {
        Token token{};
        short events = 0;
    };

    Token insert(Entry entry);
    void watch(int operation, Token token, Entry const& entry) const;
    void wait();
    void look_at_touched();
    void look_at(Token token, Entry const& entry);
    void dispatch();
    void run_timers();
    void run_posted();
    void drop_posted();
    void look_at_connections();
    [[nodiscard]] bool has_posted();
    [[nodiscard]] std::chrono::milliseconds patience() const;

    zmq::context_t context_;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    wire::Time now_;

    std::unordered_map<std::uint64_t, Entry> entries_;  // by token
    std::vector<Token> touched_;                        // to be looked at before waiting
    std::vector<Ready> ready_;                          // in this turn
    std::uint64_t last_id_ = 0;

    std::set<ConnectionWatch*> watches_;
    bool looks_ = false;  ///< the timer for the next look is set

    std::map<std::pair<wire::Time, TimerId>, Task> timers_;
    std::unordered_map<std::uint64_t, wire::Time> timer_times_;

    std::mutex mutex_;
    std::vector<Task> posted_;  // guarded by mutex_
    bool stop_ = false;         // guarded by mutex_
    std::thread::id thread_;    // of run(); guarded by mutex_
};

/// The loop of a Reactor, which the sockets of this box alone may name.
struct ReactorAccess {
    using Loop = Reactor::Impl;

    static Loop& loop_of(Reactor& reactor) { return *reactor.impl_; }
};

using EventLoop = ReactorAccess::Loop;

}  // namespace xfsbus::bus
