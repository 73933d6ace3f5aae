#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

namespace xfsbus::swarm {

/// How much each peer has delivered to this one of late, so that a policy may give like for like.
/// One thread.
class Deliveries {
  public:
    /// What is older counts for less and less, with this time constant.
    static constexpr auto memory = std::chrono::seconds(20);
    /// Of so many peers; then the one that delivered the longest ago is forgotten.
    static constexpr std::size_t most = 4096;

    /// Bytes of it, verified. `from`: where it listens.
    void add(wire::Time now, wire::Endpoint const& from, std::uint64_t bytes);

    /// In all of `memory`, whether it was asked for anything or not; 0: nothing.
    [[nodiscard]] double bytes_per_second(wire::Endpoint const& from, wire::Time now) const;

  private:
    struct Entry {
        double bytes = 0;  ///< as they counted at `at`
        wire::Time at{};
    };

    static double kept(Entry const& entry, wire::Time now);

    std::map<wire::Endpoint, Entry> entries_;
};

}  // namespace xfsbus::swarm
