#pragma once

#include <xfsbus/bus/reactor.hpp>

#include <zmq.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace xfsbus::bus {

/// What the sockets of this box need of the loop.
struct Reactor::Impl {
    using OnEvents = std::function<void(short)>;
    enum class Token : std::uint64_t {};

    Impl();
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    zmq::context_t& context() { return context_; }

    /// Calls `on_events` with what poll reported while the socket has any of these events. The
    /// socket must be removed before it is closed.
    Token add(zmq::socket_ref socket, short events, OnEvents on_events);
    Token add_fd(int fd, short events, OnEvents on_events);
    void set_events(Token token, short events);
    void remove(Token token);

    void run();
    void stop();
    void post(Task task);

    [[nodiscard]] wire::Time now() const { return now_; }

    TimerId at(wire::Time time, Task task);
    void cancel(TimerId timer);

    std::unordered_map<int, Token> watched_fds;

  private:
    struct Entry {
        zmq::pollitem_t item{};
        std::shared_ptr<OnEvents> on_events;
    };

    Token insert(zmq::pollitem_t item, OnEvents on_events);
    void poll();
    void dispatch();
    void run_timers();
    void run_posted();
    void drop_posted();
    void rebuild();
    [[nodiscard]] std::chrono::milliseconds patience() const;

    zmq::context_t context_;
    int wake_fd_ = -1;
    wire::Time now_;

    std::map<Token, Entry> entries_;
    std::vector<zmq::pollitem_t> items_;
    std::vector<Token> tokens_;  // tokens_[i] is whom items_[i] belongs to
    bool stale_ = true;          // entries_ changed since items_ was made
    std::uint64_t last_id_ = 0;

    std::map<std::pair<wire::Time, TimerId>, Task> timers_;
    std::unordered_map<std::uint64_t, wire::Time> timer_times_;

    std::mutex mutex_;
    std::vector<Task> posted_;  // guarded by mutex_
    bool stop_ = false;         // guarded by mutex_
};

}  // namespace xfsbus::bus
