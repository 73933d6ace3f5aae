#pragma once

#include "bus/poller.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/bus/reactor_thread.hpp>

#include <zmq.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xfsbus::bus {

class ConnectionWatch;

/// Tasks for a reactor, which may come when it is gone. Any thread.
class Post {
  public:
    explicit Post(Poller& poller) : poller_(&poller) {}

    /// Once it is closed what is put is dropped.
    void put(Reactor::Task task);
    void close();
    std::vector<Reactor::Task> take();

    [[nodiscard]] bool is_empty() const { return !full_; }

  private:
    std::atomic<bool> full_ = false;
    std::mutex mutex_;
    Poller* poller_;                      ///< null: it is closed; guarded by mutex_
    std::vector<Reactor::Task> tasks_{};  // guarded by mutex_
};

/// What the sockets of this box need of the loop.
///
/// It waits with epoll on the file descriptors that ZeroMQ gives its sockets, so that a turn costs
/// what happens in it, however many sockets there are; zmq_poll asks each of them twice a turn.
/// Such a descriptor tells only that something has changed since the socket was last used
/// (zmq_getsockopt, ZMQ_FD): so a socket is looked at when its descriptor says so, and after each
/// use.
struct Reactor::Impl final : private Poller::Member {
    using OnEvents = std::function<void(short)>;
    /// True: there is more, in the next turn.
    using OnMonitored = std::function<bool()>;
    using OnLeft = std::function<void(std::exception_ptr)>;
    enum class Token : std::uint32_t {};

    /// Null: a poller of its own.
    explicit Impl(Poller* poller);
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    zmq::context_t& context() { return poller_.context(); }

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

    /// Hears what happens to a socket's connections, until it is ended, before the socket is
    /// closed. Without `on_monitored` whoever wants to know asks (next_of).
    MonitorHub::Box monitor(zmq::socket_t& watched, int events, OnMonitored on_monitored);
    std::optional<MonitorHub::Event> next_of(MonitorHub::Box box);
    void end_monitor(MonitorHub::Box box, zmq::socket_t& watched);

    /// The loop looks at its connections now and then, until it is forgotten.
    void look_at(ConnectionWatch& watch);
    void forget(ConnectionWatch& watch);

    /// On a poller of its own.
    void run();
    /// Has the poller's thread run it, which calls `on_left` when it does so no more.
    void join(OnLeft on_left);
    void stop();

    void post(Task task) { post_->put(std::move(task)); }

    [[nodiscard]] std::shared_ptr<Post> const& post_box() const { return post_; }

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

    void on_joined(wire::Time now) override;
    void begin_turn() override;

    [[nodiscard]] bool is_over() const override { return over_; }

    [[nodiscard]] bool is_hurried() const override;
    [[nodiscard]] std::optional<wire::Time> next_timer() const override;
    void on_woken(std::uint32_t id) override;
    void on_monitored(MonitorHub::Box box) override;
    void end_turn(wire::Time now) override;
    void fail(std::exception_ptr const& fault) override;
    void on_left() override;

    Token insert(Entry entry);
    void watch(int operation, Token token, Entry const& entry) const;
    void look_at_touched();
    void look_at(Token token, Entry const& entry);
    void dispatch();
    void tell_monitored();
    void wake_elsewhere() const;
    void run_timers();
    void run_posted();
    void look_at_connections();

    std::unique_ptr<Poller> own_;  ///< null: it is another's
    Poller& poller_;
    bool joined_ = false;
    bool over_ = false;
    std::exception_ptr fault_;
    OnLeft on_left_;
    wire::Time now_;

    std::unordered_map<Token, Entry> entries_;
    std::vector<Token> touched_;  // to be looked at before waiting
    std::vector<Ready> ready_;    // in this turn
    std::uint32_t last_token_ = 0;

    std::unordered_map<MonitorHub::Box, std::shared_ptr<OnMonitored>> monitors_;
    std::vector<MonitorHub::Box> monitored_;  // in this turn

    std::set<ConnectionWatch*> watches_;
    bool looks_ = false;  ///< the timer for the next look is set

    std::map<std::pair<wire::Time, TimerId>, Task> timers_;
    std::unordered_map<std::uint64_t, wire::Time> timer_times_;
    std::uint64_t last_timer_ = 0;

    std::shared_ptr<Post> post_;
};

/// The loop of a Reactor, which the sockets of this box alone may name.
struct ReactorAccess {
    using Loop = Reactor::Impl;

    static Loop& loop_of(Reactor& reactor) { return *reactor.impl_; }

    static Poller& poller_of(ReactorThread& thread);
};

using EventLoop = ReactorAccess::Loop;

}  // namespace xfsbus::bus
