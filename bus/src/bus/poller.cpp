#include "bus/poller.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace xfsbus::bus {
namespace {

constexpr int sockets_most = 16 * 1024;
// Without a timer the loop still turns now and then; nothing depends on it.
constexpr auto patience_longest = std::chrono::milliseconds(1000);
constexpr std::size_t wakeups_most = 64;  // told of in one turn; the others come in the next

// What epoll is told of: a member's number and its id, or one of the poller's own, of number 0.
constexpr std::uint64_t to_wake = 0;
constexpr std::uint64_t to_monitors = 1;
constexpr unsigned id_bits = 32;

zmq::context_t new_context() {
    zmq::context_t context;
    context.set(zmq::ctxopt::max_sockets, sockets_most);
    context.set(zmq::ctxopt::blocky, false);
    return context;
}

bool add_readable(int epoll_fd, int fd, std::uint64_t what) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = what;
    return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Poller::Poller()
    : context_(new_context()),
      monitors_(context_),
      epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (epoll_fd_ < 0 || wake_fd_ < 0 || !add_readable(epoll_fd_, wake_fd_, to_wake) ||
        !add_readable(epoll_fd_, monitors_.descriptor(), to_monitors)) {
        int const error = errno;
        ::close(wake_fd_);
        ::close(epoll_fd_);
        throw std::system_error(error, std::generic_category(), "cannot create the event loop");
    }
}

Poller::~Poller() {
    ::close(wake_fd_);
    ::close(epoll_fd_);
}

void Poller::wake() const {
    std::uint64_t const one = 1;
    static_cast<void>(::write(wake_fd_, &one, sizeof one));
}

void Poller::begin() {
    thread_ = std::this_thread::get_id();
}

// ---- members ----

void Poller::admit(Member& member) {
    {
        std::lock_guard const lock(mutex_);
        waiting_.push_back(&member);
    }
    wake();
}

void Poller::admit_waiting() {
    std::vector<Member*> news;
    {
        std::lock_guard const lock(mutex_);
        news.swap(waiting_);
    }
    for (auto* const member : news) {
        numbers_.emplace(member, ++last_number_);
        by_number_.emplace(last_number_, member);
        members_.push_back(member);
        try {
            member->on_joined(std::chrono::steady_clock::now());
            for (auto const box : monitors_.full_boxes(member)) {
                member->on_monitored(box);
            }
        } catch (...) {
            member->fail(std::current_exception());
        }
    }
}

/// Of those that are over.
void Poller::let_go() {
    std::vector<Member*> over;
    std::ranges::copy_if(members_, std::back_inserter(over),
                         [](auto const* member) { return member->is_over(); });
    for (auto* const member : over) {
        std::erase(members_, member);
        by_number_.erase(numbers_.at(member));
        member->on_left();  // which takes its descriptors out, for which it has its number
        numbers_.erase(member);
    }
}

void Poller::watch(int operation, Member const& member, std::uint32_t id, int fd,
                   bool readable) const {
    epoll_event event{};
    event.events = readable ? std::uint32_t{EPOLLIN} : 0;
    event.data.u64 = std::uint64_t{numbers_.at(&member)} << id_bits | id;
    if (::epoll_ctl(epoll_fd_, operation, fd, &event) != 0 && operation != EPOLL_CTL_DEL) {
        throw std::system_error(errno, std::generic_category(), "cannot watch a socket");
    }
}

// ---- turns ----

template <typename Call>
void Poller::each(Call call) {
    for (auto* const member : members_) {
        try {
            if (!member->is_over()) {
                call(*member);
            }
        } catch (...) {
            member->fail(std::current_exception());
        }
    }
}

void Poller::turn() {
    admit_waiting();
    each([](Member& member) { member.begin_turn(); });
    let_go();
    if (is_empty()) {
        return;
    }
    wait();
    auto const now = std::chrono::steady_clock::now();
    each([now](Member& member) { member.end_turn(now); });
}

int Poller::patience_ms() const {
    if (monitors_.touched() ||
        std::ranges::any_of(members_, [](auto const* member) { return member->is_hurried(); })) {
        return 0;
    }
    std::optional<wire::Time> first;
    for (auto const* const member : members_) {
        first = wire::earliest({first, member->next_timer()});
    }
    if (!first) {
        return static_cast<int>(patience_longest.count());
    }
    // Rounded up: waking a moment early would only mean to turn once more for nothing.
    auto const whole =
        std::chrono::ceil<std::chrono::milliseconds>(*first - std::chrono::steady_clock::now());
    return static_cast<int>(
        std::clamp(whole, std::chrono::milliseconds(0), patience_longest).count());
}

void Poller::wait() {
    std::array<epoll_event, wakeups_most> woken{};
    int const count =
        ::epoll_wait(epoll_fd_, woken.data(), static_cast<int>(woken.size()), patience_ms());
    bool monitored = monitors_.touched();
    for (int i = 0; i < count; ++i) {
        auto const what = woken[static_cast<std::size_t>(i)].data.u64;
        auto const found = by_number_.find(static_cast<std::uint32_t>(what >> id_bits));
        if (found != by_number_.end()) {
            found->second->on_woken(static_cast<std::uint32_t>(what));
        } else if (what == to_wake) {
            std::uint64_t times = 0;
            static_cast<void>(::read(wake_fd_, &times, sizeof times));
        }
        monitored = monitored || what == to_monitors;
    }
    if (monitored) {
        look_at_monitors();
    }
}

void Poller::look_at_monitors() {
    monitors_.look();
    for (auto const& news : monitors_.take_news()) {
        auto const to = std::ranges::find_if(
            members_, [&](Member const* member) { return member == news.owner; });
        if (to != members_.end()) {  // one that has not joined yet sees them when it does
            (*to)->on_monitored(news.box);
        }
    }
}

}  // namespace xfsbus::bus
