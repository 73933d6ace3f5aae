#include "bus/connection_watch.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/resource.h>

namespace xfsbus::bus {
namespace {

/// Within this a stranger's message without end takes some tens of MiB.
constexpr auto look_every = std::chrono::milliseconds(25);
constexpr auto look_soon = std::chrono::milliseconds(5);
/// For each connection at least; a look at one takes a microsecond.
constexpr auto look_time = std::chrono::microseconds(50);

}  // namespace

// ---- tasks ----

void Post::put(Reactor::Task task) {
    std::lock_guard const lock(mutex_);
    if (poller_ == nullptr) {
        return;
    }
    tasks_.push_back(std::move(task));
    // What the loop's own thread posts it sees before it waits.
    if (!full_.exchange(true) && !poller_->runs_here()) {
        poller_->wake();
    }
}

void Post::close() {
    {
        std::lock_guard const lock(mutex_);
        poller_ = nullptr;
    }
    take();  // and destroys them without the lock: a task may post as it goes
}

std::vector<Reactor::Task> Post::take() {
    std::lock_guard const lock(mutex_);
    full_ = false;
    return std::exchange(tasks_, {});
}

// ---- sockets ----

Reactor::Impl::Impl(Poller* poller)
    : own_(poller == nullptr ? std::make_unique<Poller>() : nullptr),
      poller_(poller == nullptr ? *own_ : *poller),
      now_(std::chrono::steady_clock::now()),
      post_(std::make_shared<Post>(poller_)) {}

/// What was never run may own sockets, and the context waits for those. libzmq's threads may still
/// release chunks then, and their owners post.
Reactor::Impl::~Impl() {
    timers_.clear();
    post_->close();
}

Reactor::Impl::Token Reactor::Impl::insert(Entry entry) {
    while (entries_.contains(Token{++last_token_})) {
    }
    Token const token{last_token_};
    if (joined_) {
        watch(EPOLL_CTL_ADD, token, entry);
    }
    entries_.emplace(token, std::move(entry));
    return token;
}

/// Whoever waits for nothing is not woken.
void Reactor::Impl::watch(int operation, Token token, Entry const& entry) const {
    poller_.watch(operation, *this, static_cast<std::uint32_t>(token), entry.fd, entry.events != 0);
}

Reactor::Impl::Token Reactor::Impl::add(zmq::socket_ref socket, short events, OnEvents on_events) {
    auto const token = insert({socket, socket.get(zmq::sockopt::fd), events,
                               std::make_shared<OnEvents>(std::move(on_events))});
    touch(token);
    return token;
}

Reactor::Impl::Token Reactor::Impl::add_fd(int fd, OnEvents on_readable) {
    return insert({{}, fd, ZMQ_POLLIN, std::make_shared<OnEvents>(std::move(on_readable))});
}

void Reactor::Impl::set_events(Token token, short events) {
    Entry& entry = entries_.at(token);
    if (std::exchange(entry.events, events) != events && joined_) {
        watch(EPOLL_CTL_MOD, token, entry);
    }
    touch(token);
}

void Reactor::Impl::touch(Token token) {
    auto const found = entries_.find(token);
    // A plain descriptor is readable as long as epoll says so.
    bool const looks = found != entries_.end() && found->second.socket;
    if (looks && !std::exchange(found->second.touched, true)) {
        touched_.push_back(token);
    }
}

void Reactor::Impl::remove(Token token) {
    auto const found = entries_.find(token);
    if (joined_) {
        watch(EPOLL_CTL_DEL, token, found->second);
    }
    entries_.erase(found);
}

MonitorHub::Box Reactor::Impl::monitor(zmq::socket_t& watched, int events,
                                       OnMonitored on_monitored) {
    Member const* const self = this;
    auto const box = poller_.monitors().open(watched, events, on_monitored ? self : nullptr);
    wake_elsewhere();
    if (on_monitored) {
        monitors_.emplace(box, std::make_shared<OnMonitored>(std::move(on_monitored)));
    }
    return box;
}

std::optional<MonitorHub::Event> Reactor::Impl::next_of(MonitorHub::Box box) {
    auto const event = poller_.monitors().next(box);
    wake_elsewhere();
    return event;
}

/// The poller's thread may wait for what this one has just taken in.
void Reactor::Impl::wake_elsewhere() const {
    if (!poller_.runs_here()) {
        poller_.wake();
    }
}

void Reactor::Impl::end_monitor(MonitorHub::Box box, zmq::socket_t& watched) {
    poller_.monitors().close(box, watched);
    monitors_.erase(box);
}

void Reactor::Impl::look_at(ConnectionWatch& watch) {
    watches_.insert(&watch);
    if (!std::exchange(looks_, true)) {
        at(now_ + look_every, [this] { look_at_connections(); });
    }
}

void Reactor::Impl::forget(ConnectionWatch& watch) {
    watches_.erase(&watch);
}

void Reactor::Impl::look_at_connections() {
    looks_ = !watches_.empty();
    if (!looks_) {
        return;
    }
    std::size_t connections = 0;
    bool soon = false;
    // What comes of a look may be the end of any of them.
    for (auto next = watches_.begin(); next != watches_.end();) {
        auto* const watch = *next;
        connections += watch->size();
        soon = watch->look() || soon;
        next = watches_.upper_bound(watch);
    }
    auto const pause =
        std::max<wire::Duration>(soon ? look_soon : look_every, connections * look_time);
    at(now_ + pause, [this] { look_at_connections(); });
}

// ---- turns ----

void Reactor::Impl::run() {
    over_ = false;
    poller_.begin();
    poller_.admit(*this);
    do {
        poller_.turn();
    } while (!poller_.is_empty());
    if (auto const fault = std::exchange(fault_, nullptr)) {
        std::rethrow_exception(fault);
    }
}

void Reactor::Impl::join(OnLeft on_left) {
    on_left_ = std::move(on_left);
    poller_.admit(*this);
}

void Reactor::Impl::stop() {
    post([this] { over_ = true; });
}

void Reactor::Impl::on_joined(wire::Time now) {
    now_ = now;
    joined_ = true;
    for (auto const& [token, entry] : entries_) {
        watch(EPOLL_CTL_ADD, token, entry);
        touch(token);
    }
}

void Reactor::Impl::fail(std::exception_ptr const& fault) {
    over_ = true;
    fault_ = fault;
}

void Reactor::Impl::on_left() {
    for (auto const& [token, entry] : entries_) {
        watch(EPOLL_CTL_DEL, token, entry);
    }
    joined_ = false;
    if (auto const told = std::exchange(on_left_, {})) {
        told(std::exchange(fault_, nullptr));  // it may be gone now
    }
}

bool Reactor::Impl::is_hurried() const {
    return !ready_.empty() || !monitored_.empty() || !post_->is_empty();
}

void Reactor::Impl::begin_turn() {
    run_posted();
    if (!over_) {
        look_at_touched();
    }
}

void Reactor::Impl::end_turn(wire::Time now) {
    now_ = now;
    // What came in is heard before any deadline is held against it: after a stall of this process
    // the answers are waiting in the sockets.
    tell_monitored();
    dispatch();
    run_timers();
}

void Reactor::Impl::run_posted() {
    for (auto& task : post_->take()) {
        task();
    }
}

void Reactor::Impl::on_woken(std::uint32_t id) {
    auto const found = entries_.find(Token{id});
    if (found != entries_.end()) {
        look_at(Token{id}, found->second);
    }
}

void Reactor::Impl::on_monitored(MonitorHub::Box box) {
    monitored_.push_back(box);
}

void Reactor::Impl::tell_monitored() {
    for (auto const box : std::exchange(monitored_, {})) {
        auto const found = monitors_.find(box);
        if (found != monitors_.end()) {
            auto const on_monitored = found->second;  // it may end itself
            if ((*on_monitored)()) {
                monitored_.push_back(box);
            }
        }
    }
}

// ---- timers ----

std::optional<wire::Time> Reactor::Impl::next_timer() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first.first);
}

Reactor::TimerId Reactor::Impl::at(wire::Time time, Task task) {
    TimerId const timer{++last_timer_};
    timers_.emplace(std::pair{time, timer}, std::move(task));
    timer_times_.emplace(static_cast<std::uint64_t>(timer), time);
    return timer;
}

void Reactor::Impl::cancel(TimerId timer) {
    auto const found = timer_times_.find(static_cast<std::uint64_t>(timer));
    if (found != timer_times_.end()) {
        timers_.erase({found->second, timer});
        timer_times_.erase(found);
    }
}

void Reactor::Impl::run_timers() {
    // What these tasks set waits for the next turn, even if it is due: a timer that always sets
    // itself anew for now must not keep everybody else waiting.
    TimerId const last{last_timer_};
    auto const due = [&] {
        return std::find_if(timers_.begin(), timers_.end(), [&](auto const& timer) {
            return timer.first.first > now_ || timer.first.second <= last;
        });
    };
    for (auto next = due(); next != timers_.end() && next->first.first <= now_; next = due()) {
        auto node = timers_.extract(next);
        timer_times_.erase(static_cast<std::uint64_t>(node.key().second));
        node.mapped()();
    }
}

void Reactor::Impl::look_at_touched() {
    for (auto const token : std::exchange(touched_, {})) {
        auto const found = entries_.find(token);
        if (found != entries_.end()) {
            found->second.touched = false;
            look_at(token, found->second);
        }
    }
}

/// Asking a ZeroMQ socket for its events is also what makes its descriptor quiet.
void Reactor::Impl::look_at(Token token, Entry const& entry) {
    auto const ask = [&] { return entry.socket.get(zmq::sockopt::events); };
    int const has = entry.socket ? uninterrupted(ask) : ZMQ_POLLIN;
    auto const events = static_cast<short>(has & entry.events);
    if (events != 0) {
        ready_.push_back({token, events});
    }
}

void Reactor::Impl::dispatch() {
    for (auto const& ready : std::exchange(ready_, {})) {
        // An earlier callback may have removed it.
        auto const found = entries_.find(ready.token);
        if (found != entries_.end()) {
            auto const on_events = found->second.on_events;  // it may remove itself
            (*on_events)(ready.events);
            touch(ready.token);
        }
    }
}

Reactor::Reactor() : impl_(std::make_unique<Impl>(nullptr)) {}

Reactor::Reactor(ReactorThread& thread)
    : impl_(std::make_unique<Impl>(&ReactorAccess::poller_of(thread))) {}

Reactor::~Reactor() = default;

void Reactor::run() {
    impl_->run();
}

void Reactor::stop() {
    impl_->stop();
}

void Reactor::post(Task task) {
    impl_->post(std::move(task));
}

std::function<void(Reactor::Task)> Reactor::poster() const {
    return [box = impl_->post_box()](Task task) { box->put(std::move(task)); };
}

wire::Time Reactor::now() const {
    return impl_->now();
}

Reactor::TimerId Reactor::at(wire::Time time, Task task) {
    return impl_->at(time, std::move(task));
}

void Reactor::cancel(TimerId timer) {
    impl_->cancel(timer);
}

void Reactor::watch_fd(int fd, Task on_readable) {
    auto const token = impl_->add_fd(fd, [task = std::move(on_readable)](short) { task(); });
    impl_->watched_fds.emplace(fd, token);
}

void Reactor::unwatch_fd(int fd) {
    auto const found = impl_->watched_fds.find(fd);
    if (found != impl_->watched_fds.end()) {
        impl_->remove(found->second);
        impl_->watched_fds.erase(found);
    }
}

std::uint64_t raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    rlim_t const before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

std::uint64_t descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

std::uint64_t open_descriptors() {
    std::error_code error;
    std::filesystem::directory_iterator all("/proc/self/fd", error);
    std::uint64_t count = 0;
    for (; !error && all != std::filesystem::directory_iterator(); all.increment(error)) {
        ++count;
    }
    return count > 0 ? count - 1 : 0;  // this look itself is one
}

std::string zmq_version() {
    auto const [major, minor, patch] = zmq::version();
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace xfsbus::bus
