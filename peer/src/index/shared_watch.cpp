#include "index/shared_watch.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace xfsbus::peer::index {
namespace {

constexpr std::uint32_t interest = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                   IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                   IN_ONLYDIR;

constexpr std::size_t read_bytes = 64 * std::size_t{1024};
/// Of the events of others, as long as there is none of its own.
constexpr int reads_most = 16;
/// Of one share that does not take its events.
constexpr std::size_t kept_bytes_most = 1024 * std::size_t{1024};

/// Of an event with its name, at the beginning of these bytes; 0: they are not a whole one.
std::size_t size_of(std::span<std::byte const> bytes, inotify_event& event) {
    if (bytes.size() < sizeof event) {
        return 0;
    }
    std::memcpy(&event, bytes.data(), sizeof event);
    auto const size = sizeof event + event.len;
    return size <= bytes.size() ? size : 0;
}

}  // namespace

/// Of one member.
struct SharedWatch::Share {
    explicit Share(std::function<void()> tell) : on_news(std::move(tell)) {}

    std::function<void()> on_news;
    // Guarded by the Hub's mutex, as all that follows.
    std::set<int> numbers{};
    std::vector<std::byte> events{};
    bool overflown = false;
    bool mounts_changed = false;
};

/// Reads events and gives each to whom it concerns, on the lookout's thread and on that of a member
/// that takes its own: so nobody waits for a lookout that is busy. The mutex is held where
/// `on_news` is called, so that nobody is told who is gone.
class SharedWatch::Hub : public std::enable_shared_from_this<Hub> {
  public:
    explicit Hub(threads::Lookout& lookout) : lookout_(lookout) {}

    void join(Share& share) {
        std::lock_guard const lock(mutex_);
        if (shares_.empty()) {
            inotify_ = files::Fd(files::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
            error_ = inotify_ ? 0 : errno;
            mounts_ = files::Fd(files::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
            ++session_;
            wait();
        }
        shares_.insert(&share);
    }

    void leave(Share& share) {
        std::lock_guard const lock(mutex_);
        for (int const number : std::exchange(share.numbers, {})) {
            forget(share, number);
        }
        shares_.erase(&share);
        if (shares_.empty()) {
            lookout_.cancel(ticket_);
            watched_.clear();
            inotify_ = {};
            mounts_ = {};
        }
    }

    int error() {
        std::lock_guard const lock(mutex_);
        return error_;
    }

    int add(Share& share, int directory_fd) {
        std::lock_guard const lock(mutex_);
        auto const path = "/proc/self/fd/" + std::to_string(directory_fd);
        int const number = files::inotify_add_watch(inotify_.get(), path.c_str(), interest);
        if (number >= 0 && share.numbers.insert(number).second) {
            watched_[number].insert(&share);
        }
        return number;
    }

    void remove(Share& share, int number) {
        std::lock_guard const lock(mutex_);
        if (share.numbers.erase(number) > 0) {
            forget(share, number);
        }
    }

    std::vector<std::byte> take(Share& share) {
        std::lock_guard const lock(mutex_);
        for (int reads = 0; share.events.empty() && reads < reads_most; ++reads) {
            if (!read_some(&share)) {
                break;
            }
        }
        share.overflown = false;
        return std::exchange(share.events, {});
    }

    bool take_mounts_changed(Share& share) {
        std::lock_guard const lock(mutex_);
        return std::exchange(share.mounts_changed, false);
    }

    std::optional<std::string> mounts() {
        std::lock_guard const lock(mutex_);
        if (!mounts_ || files::lseek(mounts_.get(), 0, SEEK_SET) != 0) {
            return std::nullopt;
        }
        std::string all;
        std::array<char, 16 * std::size_t{1024}> buffer;
        ssize_t n = 0;
        while ((n = files::read(mounts_.get(), buffer.data(), buffer.size())) > 0) {
            all.append(buffer.data(), static_cast<std::size_t>(n));
        }
        return n == 0 ? std::optional(std::move(all)) : std::nullopt;
    }

  private:
    void wait() {
        ticket_ = lookout_.wait(
            {{{inotify_.get(), POLLIN, 0}, {mounts_.get(), POLLPRI, 0}}, std::nullopt},
            [weak = weak_from_this(), session = session_](std::vector<pollfd> const& found) {
                if (auto const hub = weak.lock()) {
                    hub->on_found(session, found);
                }
            });
    }

    /// The lookout's thread.
    void on_found(std::uint64_t session, std::vector<pollfd> const& found) {
        std::lock_guard const lock(mutex_);
        if (shares_.empty() || session != session_) {
            return;  // it was cancelled too late
        }
        read_some(nullptr);
        if (found.back().revents != 0) {
            for (auto* const share : shares_) {
                share->mounts_changed = true;
                share->on_news();
            }
        }
        wait();
    }

    /// `taker` needs not be told. False: there is nothing.
    bool read_some(Share const* taker) {
        alignas(inotify_event) std::array<std::byte, read_bytes> buffer;
        auto const n =
            inotify_ ? files::read(inotify_.get(), buffer.data(), buffer.size()) : ssize_t{0};
        auto rest =
            std::span<std::byte const>(buffer).first(static_cast<std::size_t>(n > 0 ? n : 0));
        inotify_event event{};
        std::set<Share*> told;
        for (auto size = size_of(rest, event); size > 0; size = size_of(rest, event)) {
            give(event, rest.first(size), told);
            rest = rest.subspan(size);
        }
        for (auto* const share : told) {
            if (share != taker) {
                share->on_news();
            }
        }
        return n > 0;
    }

    void give(inotify_event const& event, std::span<std::byte const> bytes,
              std::set<Share*>& told) {
        auto const watched = watched_.find(event.wd);
        auto const whose = (event.mask & IN_Q_OVERFLOW) != 0 ? shares_
                           : watched == watched_.end()       ? std::set<Share*>()
                                                             : watched->second;
        for (auto* const share : whose) {
            keep(*share, bytes);
            told.insert(share);
        }
        if (watched != watched_.end() && (event.mask & IN_IGNORED) != 0) {
            for (auto* const share : watched->second) {  // nothing more will be heard of it
                share->numbers.erase(event.wd);
            }
            watched_.erase(watched);
        }
    }

    static void keep(Share& share, std::span<std::byte const> bytes) {
        if (share.overflown) {
            return;
        }
        if (share.events.size() + bytes.size() <= kept_bytes_most) {
            share.events.insert(share.events.end(), bytes.begin(), bytes.end());
            return;
        }
        inotify_event lost{};
        lost.wd = -1;
        lost.mask = IN_Q_OVERFLOW;
        auto const all = std::as_bytes(std::span(&lost, 1));
        share.overflown = true;
        share.events.assign(all.begin(), all.end());
    }

    /// Its last watcher is gone: so is the watch, unless the directory is no more.
    void forget(Share& share, int number) {
        auto const watched = watched_.find(number);
        if (watched == watched_.end()) {
            return;
        }
        watched->second.erase(&share);
        if (watched->second.empty()) {
            watched_.erase(watched);
            ::inotify_rm_watch(inotify_.get(), number);
        }
    }

    threads::Lookout& lookout_;
    std::mutex mutex_;
    threads::Lookout::Ticket ticket_{};  // guarded by mutex_, as all that follows
    std::uint64_t session_ = 0;          ///< from a first member to a last
    files::Fd inotify_;
    files::Fd mounts_;
    int error_ = 0;
    std::set<Share*> shares_{};
    std::map<int, std::set<Share*>> watched_{};  ///< who watches the directory of this number
};

SharedWatch::SharedWatch(threads::Lookout& lookout) : hub_(std::make_shared<Hub>(lookout)) {}

SharedWatch::~SharedWatch() = default;

SharedWatch::Member::Member(SharedWatch const& watch, std::function<void()> on_news)
    : hub_(watch.hub_), share_(std::make_unique<Share>(std::move(on_news))) {
    hub_->join(*share_);
}

SharedWatch::Member::~Member() {
    hub_->leave(*share_);
}

int SharedWatch::Member::error() const {
    return hub_->error();
}

int SharedWatch::Member::add(int directory_fd) {
    return hub_->add(*share_, directory_fd);
}

void SharedWatch::Member::remove(int number) {
    hub_->remove(*share_, number);
}

std::vector<std::byte> SharedWatch::Member::take() {
    return hub_->take(*share_);
}

bool SharedWatch::Member::take_mounts_changed() {
    return hub_->take_mounts_changed(*share_);
}

std::optional<std::string> SharedWatch::Member::mounts() const {
    return hub_->mounts();
}

}  // namespace xfsbus::peer::index
