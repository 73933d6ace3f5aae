#pragma once

#include <xfsbus/peer/reader.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>

namespace xfsbus::door {

/// The files that were read last, which stay open for a while: a player that seeks closes its
/// connection and makes another, and its download is to go on meanwhile. Any thread.
class KeptReaders {
  public:
    using Time = std::chrono::steady_clock::time_point;

    KeptReaders(std::size_t most, std::chrono::milliseconds keep) : most_(most), keep_(keep) {}

    /// It was read just now. The one that was read longest ago makes room.
    void keep(Time now, peer::Reader reader);
    /// Lets go of those that were not read for so long.
    void drop_old(Time now);

  private:
    struct Kept {
        Time read;
        peer::Reader reader;
    };

    std::size_t most_;
    std::chrono::milliseconds keep_;
    std::mutex mutex_;
    std::list<Kept> kept_;  ///< the one read last first
};

}  // namespace xfsbus::door
