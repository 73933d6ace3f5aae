#pragma once

#include "change_log.hpp"
#include "list_place.hpp"
#include "page.hpp"
#include "quota.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace xfsbus::tracker {

/// A page of the list of peers.
struct PeersAfter {
    std::optional<wire::PeerId> after;
};

/// A page of the list of a subscription.
struct Listing {
    Subject subject;
    ListPlace after;             ///< the end of the page before
    std::uint64_t sequence = 0;  ///< the last change when the list began
};

/// A question that takes long, and who asked it.
struct Scan {
    wire::Sender sender;
    std::uint64_t request = 0;
    std::variant<Reading, PeersAfter, Listing> what;
};

/// Long questions that wait for their turn. The hosts take turns, and at each host its connections:
/// who asks much waits for himself.
class ScanQueue {
  public:
    explicit ScanQueue(Directory::Share const& most) : quota_(most) {}

    /// False at one of the limits.
    bool add(Scan&& scan);
    /// The one whose turn it is. It counts as waiting until it is done.
    std::optional<Scan> take();
    /// What was taken is not done: it is the first of its connection again.
    void put_back(Scan&& scan);

    void done(Scan const& scan) { quota_.give_back(scan.sender); }

    /// The connection is closed.
    void forget(wire::Route const& route);

    [[nodiscard]] bool empty() const { return hosts_.empty(); }

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] bool has(std::string const& host) const { return hosts_.contains(host); }

  private:
    struct Host {
        std::map<wire::Route, std::deque<Scan>> connections;
        wire::Route last;  ///< had its turn last
    };

    Quota quota_;
    std::map<std::string, Host> hosts_;
    std::string last_;  ///< the host that had its turn last
    std::size_t size_ = 0;
};

}  // namespace xfsbus::tracker
