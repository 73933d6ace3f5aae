#pragma once

#include "index/shared_watch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

struct inotify_event;

namespace xfsbus::peer::index {

/// Hears of changes in directories by inotify. Watches each directory by its open descriptor, so
/// never another one that was put in its place. Used by one thread.
class Watcher {
  public:
    using Warn = std::function<void(std::string)>;

    /// What to look at: sets, so that many changes of one thing are one.
    struct Changes {
        std::set<std::string> written;      ///< files that were open for writing
        std::set<std::string> moved;        ///< files that are gone, or come
        std::set<std::string> created;      ///< new: of interest only if it is a hard link
        std::set<std::string> attributes;   ///< files that can perhaps be read, or no more
        std::set<std::string> directories;  ///< new, to be scanned
        std::set<std::string> reachable;    ///< directories that can perhaps be read, or no more
        std::set<std::string> dropped;      ///< directories that are gone, with all below them
        bool root = false;                  ///< the watched directory itself moved or went away
        bool lost = false;                  ///< events were lost: anything may have changed

        [[nodiscard]] bool empty() const;
    };

    /// Warns, once, when not everything can be watched. `on_news`: there may be something to read,
    /// or mounts have changed; called by any thread.
    Watcher(SharedWatch const& watch, std::function<void()> on_news, Warn warn);

    /// From a walk over the whole directory: what it does not watch() until end_walk() is no longer
    /// part of it.
    void begin_walk();
    void end_walk();
    void watch(int directory_fd, std::string const& name);
    /// Watches nothing any more.
    void clear();

    /// False if some directory is not watched: then only another walk will show its changes.
    [[nodiscard]] bool complete() const { return complete_; }

    /// See SharedWatch::Member.
    [[nodiscard]] bool take_mounts_changed() { return member_.take_mounts_changed(); }

    [[nodiscard]] std::optional<std::string> mounts() const { return member_.mounts(); }

    /// Takes some of the events that there are. False if there are none.
    bool read(Changes& changes);
    /// Takes events as read() got them.
    void consume(std::span<std::byte const> events, Changes& changes);

  private:
    struct Watched {
        std::string name;
        std::uint64_t walk = 0;
    };

    void take(inotify_event const& event, std::string_view part, Changes& changes);
    void take_own(inotify_event const& event, std::string const& name, Changes& changes);
    void take_directory(std::uint32_t mask, std::string const& name, Changes& changes);
    void unwatch_below(std::string const& directory);
    void unwatch(int wd);
    void fail(int error);

    Warn warn_;
    SharedWatch::Member member_;
    std::unordered_map<int, Watched> watched_;
    std::map<std::string, int> by_name_;
    std::uint64_t walk_ = 0;
    bool complete_ = true;
    bool warned_ = false;
};

/// What to tell somebody whose system has no more watches to give.
std::string watch_advice(int error);

}  // namespace xfsbus::peer::index
