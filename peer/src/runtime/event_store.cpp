#include "runtime/event_store.hpp"

#include "runtime/answers.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <type_traits>

#include <sys/eventfd.h>
#include <unistd.h>

namespace xfsbus::peer::runtime {
namespace {

template <typename T, typename... Some>
constexpr bool one_of = (std::is_same_v<T, Some> || ...);

template <typename T>
constexpr bool of_one_job = one_of<T, DownloadProgressed, PushProgressed>;

template <typename T>
constexpr bool only_the_last = one_of<T, TrackerUp, TrackerLost, Scanned, EventsLost>;

template <typename T>
constexpr bool losable = one_of<T, FileDone, FileAppeared, FileGone, PeerAppeared, PeerGone>;

bool may_be_lost(Event const& event) {
    return std::visit([]<typename T>(T const&) { return losable<T>; }, event);
}

bool is_listing(Event const& event) {
    return std::holds_alternative<ListingChanged>(event) ||
           std::holds_alternative<PeerChanged>(event);
}

}  // namespace

std::size_t EventStore::room() const {
    std::lock_guard const lock(mutex_);
    return most_ - std::min(most_, listings_);
}

void EventStore::open(Keep keep) {
    std::lock_guard const lock(mutex_);
    this->keep(keep);
}

void EventStore::keep(Keep what) {
    open_ = true;
    keeps_all_ = keeps_all_ || what == Keep::all;
}

Status EventStore::open_with_descriptor(Keep keep) {
    std::lock_guard const lock(mutex_);
    if (!descriptor_) {
        descriptor_ = files::Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    }
    if (!descriptor_) {
        return Error{Errc::failed, "cannot make a descriptor for events: " +
                                       std::generic_category().message(errno)};
    }
    this->keep(keep);
    return done();
}

int EventStore::descriptor() const {
    std::lock_guard const lock(mutex_);
    return descriptor_.get();
}

std::optional<EventStore::Key> EventStore::key_of(Event const& event) {
    return std::visit(
        [&]<typename T>([[maybe_unused]] T const& it) -> std::optional<Key> {
            if constexpr (of_one_job<T>) {
                return Key{event.index(), it.job};
            } else if constexpr (one_of<T, TrackerUp, TrackerLost>) {
                return Key{Event(TrackerUp{}).index(), JobId{}};  // the one or the other
            } else if constexpr (only_the_last<T>) {
                return Key{event.index(), JobId{}};
            } else {
                return std::nullopt;
            }
        },
        event);
}

void EventStore::put(Event event) {
    std::lock_guard const lock(mutex_);
    if (!open_ || ended_) {
        return;
    }
    ended_ = std::holds_alternative<PeerEnded>(event);
    if (!may_be_lost(event)) {
        auto const key = key_of(event);
        listings_ += is_listing(event) ? 1 : 0;
        return add(std::move(event), key);
    }
    if (!keeps_all_) {
        return;
    }
    if (losable_ == most_) {
        return lose();
    }
    ++losable_;
    add(std::move(event), std::nullopt);
}

/// One that is there already stays where it is, and says what is so now.
void EventStore::add(Event event, std::optional<Key> const& key) {
    auto const before = key ? latest_.find(*key) : latest_.end();
    if (before != latest_.end()) {
        before->second->event = std::move(event);
    } else {
        entries_.push_back({std::move(event), key});
        if (key) {
            latest_.emplace(*key, std::prev(entries_.end()));
        }
        if (entries_.size() == 1) {
            signal();
        }
    }
    changed_.notify_all();
}

void EventStore::lose() {
    EventsLost lost{1};
    auto const key = key_of(lost);
    if (auto const before = latest_.find(*key); before != latest_.end()) {
        lost.count += std::get<EventsLost>(before->second->event).count;
    }
    add(lost, key);
}

std::optional<Event> EventStore::next() {
    std::lock_guard const lock(mutex_);
    return take();
}

std::optional<Event> EventStore::wait(Wait const& wait) {
    std::unique_lock lock(mutex_);
    wait_until(changed_, lock, wait, [this] { return !entries_.empty() || ended_; });
    return take();
}

std::optional<Event> EventStore::take() {
    if (entries_.empty()) {
        return std::nullopt;
    }
    auto entry = std::move(entries_.front());
    entries_.pop_front();
    if (entry.key) {
        latest_.erase(*entry.key);
    }
    losable_ -= may_be_lost(entry.event) ? 1 : 0;
    listings_ -= is_listing(entry.event) ? 1 : 0;
    if (entries_.empty()) {
        quiet();
    }
    return std::move(entry.event);
}

void EventStore::signal() const {
    if (descriptor_) {
        ::eventfd_write(descriptor_.get(), 1);
    }
}

void EventStore::quiet() const {
    eventfd_t count = 0;
    if (descriptor_) {
        ::eventfd_read(descriptor_.get(), &count);
    }
}

}  // namespace xfsbus::peer::runtime
