#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// A peer's number in the Roster: half the size of a pointer, and there are as many as files.
using Slot = std::uint32_t;

/// The bytes that the entries of peers take, in all and for each host that peers connect from.
/// Each peer pays for itself, its list, and the versions of names of which it was the first source.
class Memory {
  public:
    /// A peer takes this slot, and so many bytes for itself.
    void join(Slot slot, std::string const& host, std::size_t bytes);
    /// It connects from another host now.
    void move(Slot slot, std::string const& host);
    /// Nothing is left of it: the slot is free.
    void leave(Slot slot);

    void add(Slot slot, std::size_t bytes);
    void remove(Slot slot, std::size_t bytes);

    [[nodiscard]] std::size_t total() const { return total_; }

    struct Host {
        std::size_t peers = 0;
        std::size_t bytes = 0;
    };

    [[nodiscard]] Host of(std::string const& host) const;

    [[nodiscard]] Host const& of(Slot slot) const { return peers_[slot].host->second; }

  private:
    using Hosts = std::map<std::string, Host>;

    struct Peer {
        Hosts::iterator host;
        std::size_t bytes = 0;
    };

    void enter(Slot slot, std::string const& host);
    void forget(Slot slot);

    Hosts hosts_;
    std::vector<Peer> peers_;
    std::size_t total_ = 0;
};

}  // namespace xfsbus::tracker
