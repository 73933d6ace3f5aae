#pragma once

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace xfsbus::door {

/// What the door allows those who come.
struct Limits {
    std::size_t waiting = 64;  ///< connections whose request is not whole yet; then the oldest goes
    std::size_t visits = 16;   ///< requests that are answered at once; others are told 503
    std::size_t kept = 8;      ///< files that stay open for a while when nobody reads them
    std::chrono::milliseconds head{5'000};   ///< to say what is wanted
    std::chrono::milliseconds open{30'000};  ///< to find a file; then 504
    /// A reader that does not take `least_bytes` in this time is gone.
    std::chrono::milliseconds slow{60'000};
    std::size_t least_bytes = 64 * 1024;
    std::chrono::milliseconds keep{30'000};  ///< a file that nobody reads stays open so long
};

/// The most descriptors that a door has open: connections, and of each file that is read what is
/// here of it and the file itself. PeerOptions::spare_descriptors keeps them free.
constexpr std::size_t descriptors_most(Limits const& limits) {
    constexpr std::size_t own = 4;  // where it listens; a connection that is refused
    constexpr std::size_t of_a_file = 2;
    return own + limits.waiting + limits.visits + of_a_file * (limits.visits + limits.kept);
}

struct Options {
    wire::Endpoint listen{"127.0.0.1", 0};  ///< port 0: a free one
    /// What everybody has to say who wants something; empty: nothing, and then only those are
    /// answered who ask for this machine by a name of its loopback, so that no web page that
    /// somebody looks at can read files here by a name of its own.
    std::string token;
    Limits limits{};
    OnLog log{};  ///< on threads of the door, one at a time
};

/// A way in for programs that speak HTTP: GET and HEAD of /files/NAME, while the file comes. A
/// client of Peer like any other, on threads of its own: one that hears what is wanted, and
/// `visits` that answer. Any thread.
class Door {
  public:
    /// Errc::network if it cannot listen there. `peer` must outlive it.
    static Result<std::unique_ptr<Door>> open(peer::Peer& peer, Options options);
    /// Ends all that goes on, at once.
    ~Door();
    Door(Door const&) = delete;
    Door& operator=(Door const&) = delete;

    /// Where it listens.
    [[nodiscard]] wire::Endpoint const& endpoint() const;

  private:
    class Impl;
    explicit Door(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::door
