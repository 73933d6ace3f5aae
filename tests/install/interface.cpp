// The types of the public headers of libxfsbus.so, for a tool that reads what the compiler makes of
// them: of this function's parameters, it looks at each.
#include <xfsbus/peer/commons.hpp>
#include <xfsbus/peer/crashes.hpp>
#include <xfsbus/peer/events.hpp>
#include <xfsbus/peer/leftovers.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/peer/reader.hpp>
#include <xfsbus/tracker/running_tracker.hpp>

using namespace xfsbus;
using namespace xfsbus::peer;

XFSBUS_API void interface(Peer&, PeerOptions&, OwnDescriptor&, PeerStatus&, Durability, AcceptPush,
                          Commons&, CommonsOptions&) {}

XFSBUS_API void interface(Result<int>&, Error&, Errc, LogEvent&, LogLevel, CounterValue&) {}

XFSBUS_API void interface(DownloadRequest&, DownloadProgress&, FileProgress&, DownloadReport&,
                          DownloadedFile&, DownloadStatus&, SourceStatus&, UploadStatus&,
                          PolicyUsed&, PurposeUse&, TraceInfo&) {}

XFSBUS_API void interface(AnyJob&, FindJob&, DownloadJob&, PushJob&, UpdateJob&, PolicyJob&,
                          ListJob&, SubscribeJob&, JobOutcome&, Wait&, EventQueue&, Event&,
                          ByteRange&, SourceState) {}

XFSBUS_API void interface(DownloadProgressed&, PushProgressed&, FileDone&, JobDone&, TrackerUp&,
                          TrackerLost&, Scanned&, FileAppeared&, FileGone&, PeerAppeared&,
                          PeerGone&, EventsLost&, PeerEnded&, ListingChanged&, ListingChange,
                          PeerChanged&, PeerChange, SubscribeRequest&) {}

XFSBUS_API void interface(PushRequest&, PushTo, PushProgress&, PushResult&, PushReport&,
                          PushTarget&, PushState) {}

XFSBUS_API void interface(PublishJob&, PublishRequest&, Published&, OwnedBytes&, BlockSource&) {}

XFSBUS_API void interface(FoundSource&, KnownPeer&, SharedFileInfo&, ListedFile&, UpdateSummary&,
                          PolicyInfo&, Leftover&, Removal, Reader&, OpenOptions&) {}

XFSBUS_API void interface(tracker::RunningTracker&, tracker::TrackerOptions&) {}
