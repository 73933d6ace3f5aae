#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/peer/events.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace xfsbus::peer::runtime {

/// The events that nobody has taken yet. Of what only the last one counts there is one; of the
/// rest, `most` at most. Any thread.
class EventStore {
  public:
    /// What is kept from now on. More of it can be asked for later, not less.
    enum class Keep {
        lasting,  ///< what is never lost: no events of single files and peers
        all,
    };

    /// Keeps nothing until it is opened.
    explicit EventStore(std::size_t most) : most_(most) {}

    void open(Keep keep = Keep::all);
    /// With a descriptor that can be read while there is an event. Errc::failed if there is none
    /// left.
    Status open_with_descriptor(Keep keep);

    /// Whether anybody wants to hear of single files and peers. Of those there may be thousands a
    /// second: whoever makes them asks before.
    [[nodiscard]] bool keeps_all() const { return keeps_all_; }

    /// How many ListingChanged and PeerChanged there is room for; all are kept, so whoever makes
    /// them asks before.
    [[nodiscard]] std::size_t room() const;

    [[nodiscard]] int descriptor() const;

    /// Nothing comes after a PeerEnded.
    void put(Event event);
    std::optional<Event> next();
    std::optional<Event> wait(Wait const& wait);

  private:
    /// Of events with the same key only the last one is kept: kind, and job.
    using Key = std::pair<std::size_t, JobId>;

    struct Entry {
        Event event;
        std::optional<Key> key;
    };

    [[nodiscard]] static std::optional<Key> key_of(Event const& event);
    void keep(Keep what);
    void add(Event event, std::optional<Key> const& key);
    void lose();
    std::optional<Event> take();
    void signal() const;
    void quiet() const;

    std::size_t most_;
    std::atomic<bool> keeps_all_ = false;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Entry> entries_;                            // guarded by mutex_, as all that follows
    std::map<Key, std::list<Entry>::iterator> latest_{};  ///< those with a key
    std::size_t losable_ = 0;
    std::size_t listings_ = 0;
    files::Fd descriptor_;
    bool open_ = false;
    bool ended_ = false;
};

}  // namespace xfsbus::peer::runtime
