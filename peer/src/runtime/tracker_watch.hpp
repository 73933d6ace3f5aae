#pragma once

#include "net/tracker_link.hpp"
#include "runtime/event_store.hpp"
#include "runtime/waiters.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/log.hpp>

#include <functional>
#include <memory>
#include <string>

namespace xfsbus::peer::runtime {

/// How this peer stands with its tracker: who waits for what of it, and what of it is told.
/// Reactor thread.
class TrackerWatch {
  public:
    struct Options {
        std::string endpoint;
        std::function<bool()> shares;  ///< this peer has files that others come for
        OnLog log;
    };

    /// `on_registered`: each time that it knows this peer anew.
    TrackerWatch(bus::Reactor& reactor, net::TrackerLink& link, EventStore& events, Options options,
                 std::function<void()> on_registered);

    /// For the link's owner.
    void on_state();
    void on_unreachable(std::string const& why);

    /// Both call at once if it is so.
    void when_registered(std::weak_ptr<void const> who, std::function<void()> then);
    /// Once the tracker has the whole list of files, or refuses it.
    void when_settled(std::weak_ptr<void const> who, std::function<void()> then);
    /// The same; an Error when nothing is heard of it for too long.
    void when_told(std::function<void(Status)> then);

    /// Why this peer is not registered.
    [[nodiscard]] Error trouble() const { return link_.trouble(); }

    /// Puts it into the events, if it is up.
    void tell_how_it_is();

  private:
    struct Patient;

    void watch(std::shared_ptr<Patient> const& patient);
    void tell_touch(net::TrackerState const& state);
    void tell_refusal(std::string const& refusal);

    bus::Reactor& reactor_;
    net::TrackerLink& link_;
    EventStore& events_;
    Options options_;
    std::function<void()> on_registered_;
    Waiters<> registered_;
    Waiters<> settled_;
    std::string told_refusal_;    ///< logged last
    bool told_in_touch_ = false;  ///< logged last
    bool was_registered_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace xfsbus::peer::runtime
