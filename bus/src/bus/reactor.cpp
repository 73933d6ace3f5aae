#include "bus/connection_watch.hpp"
#include "bus/reactor_impl.hpp"
#include "bus/sockets.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace xfsbus::bus {
namespace {

constexpr int sockets_most = 16 * 1024;
// Without a timer the loop still turns now and then; nothing depends on it.
constexpr auto patience_longest = std::chrono::milliseconds(1000);
/// Within this a stranger's message without end takes some tens of MiB.
constexpr auto look_every = std::chrono::milliseconds(25);
constexpr auto look_soon = std::chrono::milliseconds(5);
/// For each connection at least; a look at one takes a microsecond.
constexpr auto look_time = std::chrono::microseconds(50);
constexpr std::size_t wakeups_most = 64;  // told of in one turn; the others come in the next

}  // namespace

Reactor::Impl::Impl() : now_(std::chrono::steady_clock::now()) {
    context_.set(zmq::ctxopt::max_sockets, sockets_most);
    context_.set(zmq::ctxopt::blocky, false);
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (epoll_fd_ < 0 || wake_fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot create the event loop");
    }
    add_fd(wake_fd_, [this](short) {
        std::uint64_t count = 0;
        static_cast<void>(::read(wake_fd_, &count, sizeof count));
    });
}

Reactor::Impl::~Impl() {
    // What was never run may own sockets, and the context waits for those.
    timers_.clear();
    drop_posted();
    // libzmq's threads may still release chunks, and their owners post: first those threads end.
    context_.close();
    ::close(wake_fd_);
    ::close(epoll_fd_);
}

void Reactor::Impl::drop_posted() {
    std::vector<Task> tasks;  // destroyed last, without the lock: a task may post as it goes
    std::lock_guard const lock(mutex_);
    tasks.swap(posted_);
}

Reactor::Impl::Token Reactor::Impl::insert(Entry entry) {
    Token const token{++last_id_};
    watch(EPOLL_CTL_ADD, token, entry);
    entries_.emplace(last_id_, std::move(entry));
    return token;
}

/// Whoever waits for nothing is not woken.
void Reactor::Impl::watch(int operation, Token token, Entry const& entry) const {
    epoll_event event{};
    event.events = entry.events != 0 ? std::uint32_t{EPOLLIN} : 0;
    event.data.u64 = static_cast<std::uint64_t>(token);
    if (::epoll_ctl(epoll_fd_, operation, entry.fd, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot watch a socket");
    }
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
    Entry& entry = entries_.at(static_cast<std::uint64_t>(token));
    if (std::exchange(entry.events, events) != events) {
        watch(EPOLL_CTL_MOD, token, entry);
    }
    touch(token);
}

void Reactor::Impl::touch(Token token) {
    auto const found = entries_.find(static_cast<std::uint64_t>(token));
    // A plain descriptor is readable as long as epoll says so.
    bool const looks = found != entries_.end() && found->second.socket;
    if (looks && !std::exchange(found->second.touched, true)) {
        touched_.push_back(token);
    }
}

void Reactor::Impl::remove(Token token) {
    auto const found = entries_.find(static_cast<std::uint64_t>(token));
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, found->second.fd, nullptr);
    entries_.erase(found);
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

void Reactor::Impl::run() {
    {
        std::lock_guard const lock(mutex_);
        thread_ = std::this_thread::get_id();
    }
    while (true) {
        run_posted();
        {
            std::lock_guard const lock(mutex_);
            if (std::exchange(stop_, false)) {
                return;
            }
        }
        look_at_touched();
        wait();
        now_ = std::chrono::steady_clock::now();
        // What came in is heard before any deadline is held against it: after a stall of this
        // process the answers are waiting in the sockets.
        dispatch();
        run_timers();
    }
}

void Reactor::Impl::stop() {
    post([this] {
        std::lock_guard const lock(mutex_);
        stop_ = true;
    });
}

void Reactor::Impl::post(Task task) {
    std::lock_guard const lock(mutex_);
    posted_.push_back(std::move(task));
    // What the loop's own thread posts it sees before it waits.
    if (posted_.size() == 1 && std::this_thread::get_id() != thread_) {
        std::uint64_t const one = 1;
        static_cast<void>(::write(wake_fd_, &one, sizeof one));
    }
}

bool Reactor::Impl::has_posted() {
    std::lock_guard const lock(mutex_);
    return !posted_.empty();
}

void Reactor::Impl::run_posted() {
    std::vector<Task> tasks;
    {
        std::lock_guard const lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) {
        task();
    }
}

Reactor::TimerId Reactor::Impl::at(wire::Time time, Task task) {
    TimerId const timer{++last_id_};
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
    TimerId const last{last_id_};
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

std::chrono::milliseconds Reactor::Impl::patience() const {
    if (timers_.empty()) {
        return patience_longest;
    }
    auto const wait = timers_.begin()->first.first - std::chrono::steady_clock::now();
    // Rounded up: waking a moment early would only mean to turn once more for nothing.
    auto const whole = std::chrono::ceil<std::chrono::milliseconds>(wait);
    return std::clamp(whole, std::chrono::milliseconds(0), patience_longest);
}

void Reactor::Impl::look_at_touched() {
    for (auto const token : std::exchange(touched_, {})) {
        auto const found = entries_.find(static_cast<std::uint64_t>(token));
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

void Reactor::Impl::wait() {
    std::array<epoll_event, wakeups_most> woken{};
    bool const idle = ready_.empty() && !has_posted();
    auto const most = idle ? patience() : std::chrono::milliseconds(0);
    int const count = ::epoll_wait(epoll_fd_, woken.data(), static_cast<int>(woken.size()),
                                   static_cast<int>(most.count()));
    for (int i = 0; i < count; ++i) {
        auto const id = woken[static_cast<std::size_t>(i)].data.u64;
        auto const found = entries_.find(id);
        if (found != entries_.end()) {
            look_at(Token{id}, found->second);
        }
    }
}

void Reactor::Impl::dispatch() {
    for (auto const& ready : std::exchange(ready_, {})) {
        // An earlier callback may have removed it.
        auto const found = entries_.find(static_cast<std::uint64_t>(ready.token));
        if (found != entries_.end()) {
            auto const on_events = found->second.on_events;  // it may remove itself
            (*on_events)(ready.events);
            touch(ready.token);
        }
    }
}

Reactor::Reactor() : impl_(std::make_unique<Impl>()) {}

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
