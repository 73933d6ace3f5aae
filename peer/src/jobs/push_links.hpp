#pragma once

#include "net/link.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace xfsbus::peer::jobs {

/// The connections of a push: each peer's is kept as long as there is room, and given up between
/// two questions when another peer's turn has come. So any number of peers can be watched with few
/// descriptors. Reactor thread.
class PushLinks {
  public:
    /// A connection that was given up takes its descriptors until libzmq's threads have closed it.
    static constexpr auto closing_for = std::chrono::milliseconds(50);

    explicit PushLinks(net::Links& links) : links_(links) {}

    /// To this peer, for a question; end() has to follow. null: there is no room for one now.
    /// Errc::network if none can be opened.
    Result<std::shared_ptr<net::Link>> begin(wire::Time now, wire::Endpoint const& peer);
    /// `keep`: else the next question gets a new connection.
    void end(wire::Time now, wire::Endpoint const& peer, bool keep);

    /// When there will be more room than now, without anything being given up.
    [[nodiscard]] std::optional<wire::Time> next_room() const;

    void clear() { held_.clear(); }

  private:
    struct Held {
        std::shared_ptr<net::Link> link;
        std::size_t questions = 0;
    };

    [[nodiscard]] bool make_room(wire::Time now, wire::Endpoint const& peer);
    void give_up_one(wire::Time now);

    net::Links& links_;
    std::map<wire::Endpoint, Held> held_;
    std::deque<wire::Time> closed_at_;  ///< those that are being closed
};

}  // namespace xfsbus::peer::jobs
