#pragma once

#include <xfsbus/peer/download.hpp>
#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/job.hpp>
#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/peer/reader.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/peer/subscribe.hpp>
#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::peer {

namespace runtime {
class Engine;
}

/// A member of the bus: shares a directory, finds files, fetches them. Runs threads of its own.
///
/// All methods may be called on any thread. Those that begin with `start_` return at once, with a
/// job that goes on; events() tells of all of them. The others wait as long as their Wait says, and
/// answer with Errc::timeout or Errc::interrupted then, or with Errc::ended once the peer has
/// ended. A call that waits may be under way on another thread while the Peer is destroyed; none
/// may begin then. docs/EMBEDDING.md has more on threads, signals, fork and lifetimes.
class XFSBUS_API Peer {
  public:
    /// Loads the plug-ins, reads the latency file, binds, starts to share and to register. Does
    /// not wait for the tracker.
    static Result<std::unique_ptr<Peer>> start(PeerOptions options);
    /// Says good-bye to the tracker, ends all jobs and stops; within a callback of the peer, soon
    /// after that has returned.
    ~Peer();
    Peer(Peer const&) = delete;
    Peer& operator=(Peer const&) = delete;

    // ---- jobs ----

    /// The queue of events; it begins with the first call, and before it nothing is kept.
    /// Errc::failed if there is no descriptor left.
    Result<EventQueue> events();
    /// The same queue, with what is never lost alone: no FileDone, FileAppeared, FileGone,
    /// PeerAppeared and PeerGone, of which a job with many small files has thousands a second, and
    /// each wakes whoever waits. A job's outcome has its files all the same. Once events() was
    /// called all are kept.
    Result<EventQueue> lasting_events();

    /// Who has it, now: a name, a pattern, or NAME@ID. Best source first, as the policy sees it.
    /// Errc::not_found if nobody has.
    FindJob start_find(std::string const& name);
    /// The files that match the pattern, of all peers, in the order of their names, as the tracker
    /// knows them: no peer is asked. There may be none.
    ListJob start_list(std::string const& pattern);
    /// The same, and from then on what changes: each file is a ListingChanged in the queue of
    /// events(), or of lasting_events(), which is to be opened before. It goes on until it is
    /// cancelled, also while the tracker is away or is started anew; an Error means that it cannot:
    /// Errc::usage if too many files match.
    SubscribeJob start_subscribe(std::string const& pattern);
    /// The same of what the request says: each peer is a PeerChanged in that queue. Errc::usage if
    /// it is about nothing.
    SubscribeJob start_subscribe(SubscribeRequest const& request);
    /// Fetches one file or all that match. The result is an Error only if nothing could be begun;
    /// otherwise each file says how it went.
    DownloadJob start_download(DownloadRequest const& request);
    /// Asks other peers to fetch one file or all that match, and watches until they have it. Waits
    /// for the first scan of this peer's own directory. An Error only if nothing could be begun;
    /// otherwise each target of each file says how it went. Those that were asked go on when it is
    /// cancelled.
    PushJob start_push(PushRequest const& request);
    /// Scans the directory and sends the whole list to the tracker.
    UpdateJob start_update();
    /// Shares something that does not stand in the directory; a peer without one can do this, too.
    /// It is read and hashed first, unless its manifest is known, and then found and fetched as any
    /// shared file, until unpublish() or the end of the peer. It is done when the tracker has been
    /// told, or cannot be told now. One that is cancelled before it is shared is not shared.
    ///
    /// Errc::usage: something of the directory has the name, something is published under it, or
    /// there are PeerOptions::published_most. A file that the directory gets under such a name
    /// later is not shared before unpublish(), and this peer fetches nothing to that name.
    ///
    /// Nobody is sent anything but what was published. A file that is changed, or whose bytes do
    /// not fit the manifest that was given, is not published any more as soon as somebody asks for
    /// it: the log says so, and FileGone.
    PublishJob start_publish(PublishRequest const& request);
    /// Loads a plug-in, FILE[:key=value,...], and swaps the policy of the kind that it is of (peer
    /// selection, chunk order or upload choice), for what is under way too, between two decisions.
    /// It is done when the new one is in force: to load it takes 10 s at most. Errc::plugin if it
    /// is refused; then the old one stays. One that is cancelled may be in force all the same.
    /// Those that are started one after the other take effect in this order.
    PolicyJob start_load_policy(std::string const& spec);

    // ---- the same, waited for; the job is cancelled when the wait is over first ----

    Result<std::vector<FoundSource>> find(std::string const& name, Wait const& wait = {});

    Result<std::vector<ListedFile>> list(std::string const& pattern, Wait const& wait = {});

    /// `on_progress` is called on the thread that waits, so it may do anything; what it throws
    /// comes out here, and cancels the download. When the wait is over first, the files that are
    /// not there say Errc::interrupted.
    using OnDownloadProgress = std::function<void(DownloadProgress const&)>;
    Result<DownloadReport> download(DownloadRequest const& request,
                                    OnDownloadProgress const& on_progress = {},
                                    Wait const& wait = {});

    /// As download().
    using OnPushProgress = std::function<void(PushProgress const&)>;
    Result<PushResult> push(PushRequest const& request, OnPushProgress const& on_progress = {},
                            Wait const& wait = {});

    Result<UpdateSummary> update_list(Wait const& wait = {});

    /// As start_publish. After Errc::timeout or Errc::interrupted it may be shared all the same, if
    /// only the tracker was waited for: unpublish() sees to that.
    Result<Published> publish(PublishRequest const& request, Wait const& wait = {});

    /// What was published under this name is not shared any more: whoever fetches it from here is
    /// told, and so is the tracker; a Reader of it reads nothing more. Then waits for the reads
    /// that are under way: when this returns, the memory or the BlockSource has been let go. After
    /// Errc::timeout or Errc::interrupted that comes later. Errc::not_found: nothing is published
    /// under that name.
    Status unpublish(std::string const& name, Wait const& wait = {});

    // ---- reading ----

    /// Opens a file for reading: one that is shared here, or one that is fetched from now on, as
    /// start_download does, into the directory. A name, NAME@ID, or a pattern that only one file
    /// matches. Waits until its size is known, which is soon. Errc::not_found if nobody has it. A
    /// file that a job of this peer fetches already is read from there, and ends with it.
    Result<Reader> open(std::string const& name, OpenOptions const& options = {},
                        Wait const& wait = {});

    // ---- waits ----

    /// Until the tracker knows this peer. When the time is over, with what is wrong:
    /// Errc::tracker_unreachable, or Errc::not_authorised if it refuses this peer.
    Status wait_for_tracker(Wait const& wait = {});

    /// Until the first scan is over and the tracker has the list, or refuses it (see
    /// PeerStatus::tracker_trouble).
    Result<UpdateSummary> wait_until_shared(Wait const& wait = {});

    /// Until the first scan is over, whatever the tracker does.
    Result<UpdateSummary> wait_until_scanned(Wait const& wait = {});

    // ---- what there is ----

    /// The number of transfers that a peer is busy with.
    Result<std::uint32_t> get_load(std::string const& host, std::uint16_t port,
                                   Wait const& wait = {});

    Result<std::vector<KnownPeer>> peers(Wait const& wait = {});
    /// Those that are known; before the end of the first scan there may be more.
    Result<std::vector<SharedFileInfo>> files(Wait const& wait = {});
    Result<PeerStatus> status(Wait const& wait = {});

    Result<PolicyInfo> policy(Wait const& wait = {});
    /// The order of chunks; a decision is about a batch of them.
    Result<PolicyInfo> chunk_order(Wait const& wait = {});
    /// Who decides which sink is sent a chunk next. Of the built-in rule nothing is counted.
    Result<PolicyInfo> upload_policy(Wait const& wait = {});

    // ---- changes ----

    /// Scans the directory without waiting for the end, which is logged.
    void rescan();

    /// As start_load_policy, waited for.
    Result<PolicyInfo> load_policy(std::string const& spec, Wait const& wait = {});

  private:
    XFSBUS_INTERNAL explicit Peer(std::shared_ptr<runtime::Engine> engine);

    std::shared_ptr<runtime::Engine> engine_;
};

}  // namespace xfsbus::peer
