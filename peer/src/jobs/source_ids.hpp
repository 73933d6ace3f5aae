#pragma once

#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/wire/endpoint.hpp>

#include <cstdint>

namespace xfsbus::peer::jobs {

/// What policies know sources by: the same for the same endpoint and key. Any thread.
class SourceIds {
  public:
    /// `key`: of this run, so that no stranger can make two of them equal; or of a seed, so that
    /// they are the same in every run.
    explicit SourceIds(std::uint64_t key) : key_(key) {}

    [[nodiscard]] swarm::SourceId of(wire::Endpoint const& endpoint) const;

  private:
    std::uint64_t key_;
};

}  // namespace xfsbus::peer::jobs
