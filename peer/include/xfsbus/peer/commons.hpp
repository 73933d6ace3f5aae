#pragma once

#include <xfsbus/wire/export.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <memory>

namespace xfsbus::peer {

namespace runtime {
class Engine;
class PeerThreads;
}  // namespace runtime

struct CommonsOptions {
    /// How many peers there may be: the descriptors that the process may open are divided among so
    /// many. More than that may start, and take of what is left.
    std::size_t peers = 64;
};

/// What several peers of a process have in common: their threads, and ZeroMQ's. Given to each in
/// PeerOptions::commons; without it a peer has its own. It lives as long as one of them or a handle
/// does, and ends none of them, as their ends do not end it.
///
/// One thread runs what all of them decide and say, in turns: what holds it up (PeerOptions::log,
/// a policy of the program's own) holds up all. What takes its time, such as disks, is done by
/// threads of which one peer can take a few only. Any thread may have it.
class XFSBUS_API Commons {
  public:
    /// Errc::failed if the system gives no threads or descriptors.
    static Result<std::shared_ptr<Commons>> start(CommonsOptions options = {});
    /// If it is the last that uses them, waits for the threads.
    ~Commons();
    Commons(Commons const&) = delete;
    Commons& operator=(Commons const&) = delete;

  private:
    friend class runtime::Engine;

    XFSBUS_INTERNAL explicit Commons(std::shared_ptr<runtime::PeerThreads> threads);

    std::shared_ptr<runtime::PeerThreads> threads_;
};

}  // namespace xfsbus::peer
