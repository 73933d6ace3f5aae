#pragma once

#include <xfsbus/peer/job.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/wire/export.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace xfsbus::peer {

namespace runtime {
class EventStore;
}

/// How a download stands, about ten times a second; only the last one is kept.
struct DownloadProgressed {
    JobId job{};
    DownloadProgress progress;
};

/// How a push stands, a few times a second; only the last one is kept.
struct PushProgressed {
    JobId job{};
    PushProgress progress;
};

/// A file of a download is there, or will not be; its path and its error say which.
struct FileDone {
    JobId job{};
    DownloadedFile file;
};

/// The last event of a job.
struct JobDone {
    JobId job{};
    std::shared_ptr<JobOutcome const> outcome;  ///< never null
};

/// The tracker knows this peer. Told of a queue that is opened later, too. Of this and TrackerLost
/// only the last one is kept.
struct TrackerUp {};

/// There is no connection to the tracker, or nothing was heard of it for a lease. It is tried
/// again.
struct TrackerLost {
    Error why;
};

/// A scan of this peer's directory is over; of one before the queue was opened it is told, too.
/// Only the last one is kept.
struct Scanned {
    UpdateSummary summary;
};

/// This peer shares a file, or shares another content under its name.
struct FileAppeared {
    SharedFileInfo file;
};

/// This peer does not share it any more.
struct FileGone {
    std::string name;
};

/// The tracker's list has a peer that it had not when this peer saw it last. It sees the list when
/// it is asked for it (Peer::peers) and during a push.
struct PeerAppeared {
    KnownPeer peer;
};

/// The list has a peer no more.
struct PeerGone {
    std::string host;
    std::uint16_t port = 0;
};

/// What has become of a file at all peers together.
enum class ListingChange : std::uint8_t {
    there,     ///< it was there when the subscription began
    appeared,  ///< somebody has it; before, nobody had anything of this name
    changed,   ///< somebody has this content under a name that had another, which may be there, too
    holders,   ///< other numbers of peers have it; none: its name has another content only
    gone,      ///< nobody has anything of this name any more
};

/// Of a subscription: a file is as it says here. Whoever takes these slowly is told less often, but
/// never less than how it is at last.
struct ListingChanged {
    JobId job{};
    ListingChange what = ListingChange::there;
    ListedFile file;
};

/// What has become of another peer, as the tracker knows it.
enum class PeerChange : std::uint8_t {
    there,     ///< it was there when the subscription began
    appeared,  ///< it is there now
    changed,   ///< it has another address, or other labels
    gone,      ///< it said good-bye, its connection ended, or nothing was heard of it for a lease
};

/// Of a subscription: a peer is as it says here; one that is gone, as it was last. A peer is known
/// by its id: one that was lost and is back is gone and has appeared, unless it was away for less
/// than a tenth of a second; one that was started anew is another. Its files, its load and when it
/// was heard of are those of the moment, and are not told of by themselves: one that appears has
/// no files yet. Told like ListingChanged, if slowly.
struct PeerChanged {
    JobId job{};
    PeerChange what = PeerChange::there;
    KnownPeer peer;
};

/// So many events are missing here, since the queue was full: FileDone, FileAppeared, FileGone,
/// PeerAppeared and PeerGone; others are never lost.
struct EventsLost {
    std::uint64_t count = 0;
};

/// The peer is no more, or cannot go on. The last event of all.
struct PeerEnded {
    Error why;
};

using Event = std::variant<DownloadProgressed, PushProgressed, FileDone, JobDone, TrackerUp,
                           TrackerLost, Scanned, FileAppeared, FileGone, PeerAppeared, PeerGone,
                           EventsLost, PeerEnded, ListingChanged, PeerChanged>;

/// What an EventQueue holds at most, but for what is named there.
inline constexpr std::size_t most_events = 1024;

/// What happens to a Peer and its jobs, in order. A handle: copies mean the same queue, from which
/// each event is taken once. May outlive the Peer. Any thread.
///
/// It is bounded: it holds `most_events`, as many ListingChanged and PeerChanged, and, besides, one
/// JobDone of each job, one progress of each that goes on, and four others of which there is one at
/// a time.
class XFSBUS_API EventQueue {
  public:
    /// For a Peer.
    XFSBUS_INTERNAL explicit EventQueue(std::shared_ptr<runtime::EventStore> store);

    /// Can be read (POLLIN) while there is an event: for poll, epoll, asyncio, a QSocketNotifier.
    /// Whoever is told on an edge only has to take all. It is the queue's: as long as a handle,
    /// and not to be read or closed.
    [[nodiscard]] int descriptor() const;

    /// nullopt: there is none.
    [[nodiscard]] std::optional<Event> next() const;

    /// Waits for one. nullopt: there is none in time, or, after PeerEnded, never. Does not wait
    /// within a callback of a peer.
    [[nodiscard]] std::optional<Event> wait(Wait const& wait = {}) const;

  private:
    std::shared_ptr<runtime::EventStore> store_;
};

}  // namespace xfsbus::peer
