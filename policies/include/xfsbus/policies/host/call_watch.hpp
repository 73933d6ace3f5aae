#pragma once

#include <xfsbus/policies/host/call_mark.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>

namespace xfsbus::policies {

/// Finds out, by looking now and then, that a call does not come back. A core.
class CallLook {
  public:
    using Time = std::chrono::nanoseconds;

    /// limit: how long a call may be under way before it is told of.
    explicit CallLook(Time limit) : limit_(limit) {}

    /// Looks at a mark at this time. For how long the call has been under way at least, if that is
    /// to be told now: when the limit has passed, and each time that it has become twice as long.
    std::optional<Time> look(CallMark const& mark, Time now);

  private:
    Time limit_;
    std::uint64_t call_ = 0;  ///< that was seen last; the first one is 1
    Time since_{};            ///< when it was first seen
    Time tell_after_{};       ///< since then
};

/// Tells of calls into policies that do not come back. There is one for the process; its thread
/// begins with the first policy that is watched, and looks at none while there is none. Any thread.
class CallWatch {
    struct Entry;
    using Entries = std::list<Entry>;

  public:
    /// Told by the watch's thread; must not throw, nor make or destroy what is watched.
    using Report = std::function<void(std::string_view)>;

    static CallWatch& of_process();

    /// Watches the calls of a mark for as long as this is there; `report` is not called after that.
    class Watched {
      public:
        Watched(CallWatch& watch, CallMark const& mark, CallLook::Time limit, Report report);
        ~Watched();
        Watched(Watched const&) = delete;
        Watched& operator=(Watched const&) = delete;

      private:
        CallWatch& watch_;
        Entries::iterator entry_;
    };

  private:
    struct Entry {
        CallMark const& mark;
        CallLook::Time limit;
        CallLook look;
        Report report;
    };

    Entries::iterator add(CallMark const& mark, CallLook::Time limit, Report report);
    void remove(Entries::iterator entry);
    void start_thread();
    [[noreturn]] void work();
    void look_at_all();

    std::mutex mutex_;
    std::condition_variable sooner_;  ///< next_look_ is
    Entries entries_;                 // guarded by mutex_, as all that follows
    std::optional<CallLook::Time> next_look_{};
    bool runs_ = false;
};

}  // namespace xfsbus::policies
