#pragma once

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <map>
#include <string>

namespace xfsbus::tracker {

/// Counts what is open, in all, for each host and for each connection, so that none of them takes
/// the others' places.
class Quota {
  public:
    explicit Quota(Directory::Share const& most) : most_(most) {}

    /// False, and nothing is counted, at one of the limits.
    bool take(wire::Sender const& sender) {
        if (in_all_ >= most_.in_all || of_host(sender.host) >= most_.per_host ||
            of_connection(sender.route) >= most_.per_connection) {
            return false;
        }
        ++in_all_;
        ++hosts_[sender.host];
        ++connections_[sender.route];
        return true;
    }

    /// Of what take() has counted.
    void give_back(wire::Sender const& sender) {
        --in_all_;
        lessen(hosts_, sender.host);
        lessen(connections_, sender.route);
    }

    [[nodiscard]] std::size_t of_host(std::string const& host) const { return at(hosts_, host); }

    [[nodiscard]] std::size_t of_connection(wire::Route const& route) const {
        return at(connections_, route);
    }

  private:
    using Counts = std::map<std::string, std::size_t>;

    static std::size_t at(Counts const& counts, std::string const& key) {
        auto const found = counts.find(key);
        return found == counts.end() ? 0 : found->second;
    }

    static void lessen(Counts& counts, std::string const& key) {
        auto const found = counts.find(key);
        if (--found->second == 0) {
            counts.erase(found);
        }
    }

    Directory::Share most_;
    std::size_t in_all_ = 0;
    Counts hosts_;
    Counts connections_;
};

}  // namespace xfsbus::tracker
