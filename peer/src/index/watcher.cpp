#include "index/watcher.hpp"

#include "index/scanner.hpp"
#include "storage/sight.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <sys/inotify.h>

namespace xfsbus::peer::index {

std::string watch_advice(int error) {
    std::string cause = storage::errno_text(error);
    if (error == ENOSPC) {
        return "the system's limit of watches is reached (" + cause +
               "); raise fs.inotify.max_user_watches";
    }
    if (error == EMFILE || error == ENFILE) {
        return "too many files or inotify instances are open (" + cause +
               "); raise fs.inotify.max_user_instances or the limit of open files";
    }
    return cause;
}

bool Watcher::Changes::empty() const {
    return written.empty() && moved.empty() && created.empty() && directories.empty() &&
           attributes.empty() && reachable.empty() && dropped.empty() && !root && !lost;
}

Watcher::Watcher(SharedWatch const& watch, std::function<void()> on_news, Warn warn)
    : warn_(std::move(warn)), member_(watch, std::move(on_news)) {
    if (member_.error() != 0) {
        fail(member_.error());
    }
}

void Watcher::begin_walk() {
    ++walk_;
    complete_ = member_.error() == 0;
}

void Watcher::end_walk() {
    std::vector<int> stale;
    for (auto const& [wd, watched] : watched_) {
        // The first of all may be unreadable, which nothing above it would tell of.
        if (watched.walk != walk_ && !watched.name.empty()) {
            stale.push_back(wd);
        }
    }
    for (int const wd : stale) {
        unwatch(wd);
    }
}

void Watcher::watch(int directory_fd, std::string const& name) {
    if (member_.error() != 0) {
        return;
    }
    int const wd = member_.add(directory_fd);
    if (wd < 0) {
        if (errno != ENOENT) {  // it may be gone already
            fail(errno);
        }
        return;
    }
    // A directory that was renamed keeps its number, one that was replaced gets a new one.
    if (auto const old = by_name_.find(name); old != by_name_.end() && old->second != wd) {
        unwatch(old->second);
    }
    auto const [watched, is_new] = watched_.try_emplace(wd);
    if (!is_new && watched->second.name != name) {
        by_name_.erase(watched->second.name);
    }
    watched->second = {name, walk_};
    by_name_[name] = wd;
}

void Watcher::clear() {
    while (!watched_.empty()) {
        unwatch(watched_.begin()->first);
    }
}

void Watcher::fail(int error) {
    complete_ = false;
    if (!std::exchange(warned_, true)) {
        warn_("cannot watch all of the shared directory: " + watch_advice(error) +
              ". Other changes are found by scanning it now and then (see --rescan)");
    }
}

bool Watcher::read(Changes& changes) {
    auto const events = member_.take();
    consume(events, changes);
    return !events.empty();
}

void Watcher::consume(std::span<std::byte const> events, Changes& changes) {
    while (events.size() >= sizeof(inotify_event)) {
        inotify_event event;
        std::memcpy(&event, events.data(), sizeof event);
        auto const rest = events.subspan(sizeof event);
        if (rest.size() < event.len) {
            return;
        }
        // The name is padded with zeros.
        std::string_view const padded(reinterpret_cast<char const*>(rest.data()), event.len);
        take(event, padded.substr(0, padded.find('\0')), changes);
        events = rest.subspan(event.len);
    }
}

void Watcher::take(inotify_event const& event, std::string_view part, Changes& changes) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
        changes.lost = true;
        return;
    }
    auto const found = watched_.find(event.wd);
    if (found == watched_.end()) {
        return;
    }
    auto const directory = found->second.name;
    if (part.empty()) {
        take_own(event, directory, changes);
        return;
    }
    if (storage::is_temporary(part)) {
        return;
    }
    auto const name = (directory.empty() ? "" : directory + '/') + std::string(part);
    if ((event.mask & IN_ISDIR) != 0) {
        take_directory(event.mask, name, changes);
    } else if ((event.mask & IN_CREATE) != 0) {
        changes.created.insert(name);
    } else if ((event.mask & IN_CLOSE_WRITE) != 0) {
        changes.written.insert(name);
    } else if ((event.mask & IN_ATTRIB) != 0) {
        changes.attributes.insert(name);
    } else {
        changes.moved.insert(name);
    }
}

/// Of the directory itself. What is above it tells the rest, unless it is the first of all, or
/// what was mounted there is gone.
void Watcher::take_own(inotify_event const& event, std::string const& name, Changes& changes) {
    changes.root = changes.root || name.empty();
    if ((event.mask & IN_IGNORED) != 0) {  // nothing more will be heard of it
        if (auto const own = by_name_.find(name);
            own != by_name_.end() && own->second == event.wd) {
            by_name_.erase(own);
        }
        watched_.erase(event.wd);
        if (!name.empty()) {
            changes.dropped.insert(name);
            changes.directories.insert(name);  // another one may stand there
        }
    }
}

void Watcher::take_directory(std::uint32_t mask, std::string const& name, Changes& changes) {
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
        changes.directories.insert(name);
    }
    if ((mask & IN_ATTRIB) != 0) {
        changes.reachable.insert(name);
    }
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
        changes.dropped.insert(name);
        unwatch_below(name);
    }
}

void Watcher::unwatch_below(std::string const& directory) {
    std::vector<int> gone;
    if (auto const own = by_name_.find(directory); own != by_name_.end()) {
        gone.push_back(own->second);
    }
    auto const prefix = directory + '/';
    for (auto it = by_name_.lower_bound(prefix);
         it != by_name_.end() && it->first.starts_with(prefix); ++it) {
        gone.push_back(it->second);
    }
    for (int const wd : gone) {
        unwatch(wd);
    }
}

void Watcher::unwatch(int wd) {
    auto const found = watched_.find(wd);
    if (found != watched_.end()) {
        by_name_.erase(found->second.name);
        watched_.erase(found);
        member_.remove(wd);
    }
}

}  // namespace xfsbus::peer::index
