#include "threads/lookout.hpp"

#include <xfsbus/bus/held_signals.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

#include <pthread.h>
#include <sys/eventfd.h>

namespace xfsbus::peer::threads {

Lookout::Lookout(std::string name)
    : name_(std::move(name)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!wake_) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

Lookout::~Lookout() {
    {
        std::lock_guard const lock(mutex_);
        ends_ = true;
    }
    wake();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Lookout::wake() const {
    ::eventfd_write(wake_.get(), 1);
}

Lookout::Ticket Lookout::wait(What what, Then then) {
    std::lock_guard const lock(mutex_);
    if (!thread_.joinable()) {
        bus::HeldSignals const for_the_thread;
        thread_ = std::thread([this] { work(); });
    }
    Ticket const ticket{++last_};
    entries_.emplace(ticket, Entry{std::move(what), std::move(then)});
    if (std::this_thread::get_id() != thread_.get_id()) {
        wake();
    }
    return ticket;
}

void Lookout::hasten(Ticket ticket) {
    std::lock_guard const lock(mutex_);
    auto const found = entries_.find(ticket);
    if (found != entries_.end()) {
        found->second.what.until = Time::min();
        wake();
    }
}

bool Lookout::cancel(Ticket ticket) {
    std::lock_guard const lock(mutex_);
    return entries_.erase(ticket) > 0;
}

void Lookout::work() {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    std::unique_lock lock(mutex_);
    while (!ends_) {
        auto all = watched();
        int const patience = patience_ms();
        lock.unlock();
        ::poll(all.descriptors.data(), all.descriptors.size(), patience);
        eventfd_t ignored = 0;
        ::eventfd_read(wake_.get(), &ignored);
        lock.lock();
        auto const due = take_due(all);
        lock.unlock();
        for (auto const& each : due) {
            each.then(each.found);
        }
        lock.lock();
    }
}

Lookout::Watched Lookout::watched() const {
    Watched all;
    all.descriptors.push_back({wake_.get(), POLLIN, 0});
    for (auto const& [ticket, entry] : entries_) {
        auto const& own = entry.what.descriptors;
        all.descriptors.insert(all.descriptors.end(), own.begin(), own.end());
        all.counts.emplace_back(ticket, own.size());
    }
    return all;
}

int Lookout::patience_ms() const {
    std::optional<Time> first;
    for (auto const& [ticket, entry] : entries_) {
        auto const until = entry.what.until;
        first = until && (!first || *until < *first) ? until : first;
    }
    auto const now = std::chrono::steady_clock::now();
    if (!first) {
        return -1;
    }
    constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
    return *first <= now
               ? 0
               : static_cast<int>(
                     std::min(std::chrono::ceil<std::chrono::milliseconds>(*first - now), longest)
                         .count());
}

/// Of those that were watched.
std::vector<Lookout::Due> Lookout::take_due(Watched const& watched) {
    std::vector<Due> due;
    auto const now = std::chrono::steady_clock::now();
    auto next = watched.descriptors.begin() + 1;
    for (auto const& [ticket, count] : watched.counts) {
        auto const begin = std::exchange(next, next + static_cast<std::ptrdiff_t>(count));
        auto const entry = entries_.find(ticket);
        if (entry == entries_.end()) {
            continue;
        }
        auto const until = entry->second.what.until;
        bool const found = std::any_of(begin, next, [](auto const& fd) { return fd.revents != 0; });
        if (found || (until && *until <= now)) {
            due.push_back({std::move(entry->second.then), {begin, next}});
            entries_.erase(entry);
        }
    }
    return due;
}

}  // namespace xfsbus::peer::threads
