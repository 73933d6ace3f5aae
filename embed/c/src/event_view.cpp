// How each event looks to C.
#include "codes.hpp"
#include "outcome.hpp"
#include "views.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

namespace xfsbus::c {
namespace {

/// Writes down what an event says.
class EventWriter {
  public:
    EventWriter(Arena& arena, xfsbus_event& to) : arena_(arena), to_(to) {}

    void operator()(peer::DownloadProgressed const& event) const {
        of_job(XFSBUS_EVENT_PROGRESS, event.job);
        to_.progress = arena_.keep(view(arena_, event.progress));
    }

    void operator()(peer::PushProgressed const& event) const {
        of_job(XFSBUS_EVENT_PUSH_PROGRESS, event.job);
        to_.push_progress = arena_.keep(view(arena_, event.progress));
    }

    void operator()(peer::FileDone const& event) const {
        of_job(XFSBUS_EVENT_FILE_DONE, event.job);
        to_.file = arena_.keep(view(arena_, event.file));
    }

    void operator()(peer::JobDone const& event) const {
        of_job(XFSBUS_EVENT_JOB_DONE, event.job);
        auto const error =
            std::visit([](auto const& result) { return error_of(result); }, *event.outcome);
        if (error) {
            because_of(*error);
        }
    }

    void operator()(peer::TrackerUp const&) const { to_.kind = XFSBUS_EVENT_TRACKER_UP; }

    void operator()(peer::TrackerLost const& event) const {
        to_.kind = XFSBUS_EVENT_TRACKER_LOST;
        because_of(event.why);
    }

    void operator()(peer::Scanned const& event) const {
        to_.kind = XFSBUS_EVENT_SCANNED;
        to_.summary = arena_.keep(view(arena_, event.summary));
    }

    void operator()(peer::FileAppeared const& event) const {
        to_.kind = XFSBUS_EVENT_FILE_APPEARED;
        to_.shared = arena_.keep(view(arena_, event.file));
    }

    void operator()(peer::FileGone const& event) const {
        to_.kind = XFSBUS_EVENT_FILE_GONE;
        to_.shared = arena_.keep(view(arena_, peer::SharedFileInfo{event.name, {}, 0}));
    }

    void operator()(peer::PeerAppeared const& event) const {
        to_.kind = XFSBUS_EVENT_PEER_APPEARED;
        to_.peer = arena_.keep(view(arena_, event.peer));
    }

    void operator()(peer::PeerGone const& event) const {
        to_.kind = XFSBUS_EVENT_PEER_GONE;
        peer::KnownPeer gone;
        gone.host = event.host;
        gone.port = event.port;
        to_.peer = arena_.keep(view(arena_, gone));
    }

    void operator()(peer::EventsLost const& event) const {
        to_.kind = XFSBUS_EVENT_LOST;
        to_.count = event.count;
    }

    void operator()(peer::PeerEnded const& event) const {
        to_.kind = XFSBUS_EVENT_ENDED;
        because_of(event.why);
    }

    void operator()(peer::ListingChanged const& event) const {
        of_job(XFSBUS_EVENT_LISTING_CHANGED, event.job);
        to_.listed = arena_.keep(view(arena_, event.file));
        to_.change = change_of(event.what);
    }

    void operator()(peer::PeerChanged const& event) const {
        of_job(XFSBUS_EVENT_PEER_CHANGED, event.job);
        to_.peer = arena_.keep(view(arena_, event.peer));
        to_.change = change_of(event.what);
    }

  private:
    static xfsbus_peer_change change_of(peer::PeerChange what) {
        switch (what) {
            case peer::PeerChange::there:
                return XFSBUS_PEER_THERE;
            case peer::PeerChange::appeared:
                return XFSBUS_PEER_APPEARED;
            case peer::PeerChange::changed:
                return XFSBUS_PEER_CHANGED;
            case peer::PeerChange::gone:
                break;
        }
        return XFSBUS_PEER_GONE;
    }

    static xfsbus_listing_change change_of(peer::ListingChange what) {
        switch (what) {
            case peer::ListingChange::there:
                return XFSBUS_LISTING_THERE;
            case peer::ListingChange::appeared:
                return XFSBUS_LISTING_APPEARED;
            case peer::ListingChange::changed:
                return XFSBUS_LISTING_CHANGED;
            case peer::ListingChange::holders:
                return XFSBUS_LISTING_HOLDERS;
            case peer::ListingChange::gone:
                break;
        }
        return XFSBUS_LISTING_GONE;
    }

    void of_job(xfsbus_event_kind kind, peer::JobId job) const {
        to_.kind = kind;
        to_.job = static_cast<std::uint64_t>(job);
    }

    void because_of(Error const& error) const {
        to_.code = code_of(error.code);
        to_.message = arena_.text(error.message);
    }

    Arena& arena_;
    xfsbus_event& to_;
};

}  // namespace

xfsbus_event view(Arena& arena, peer::Event const& event) {
    xfsbus_event made{};
    made.size = sizeof made;
    made.message = "";
    std::visit(EventWriter(arena, made), event);
    return made;
}

}  // namespace xfsbus::c
