#pragma once

#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <optional>
#include <unordered_map>

namespace xfsbus::swarm {

/// At which rate each source delivered when a download of this process last used it, so that the
/// next one need not find out again. Used by all downloads of a peer, on one thread.
class SourceHistory {
  public:
    /// Of so many sources; then the one that was used the longest ago is forgotten.
    static constexpr std::size_t most = 4096;

    using Entry = DownloadSource::KnownBefore;

    void note(SourceId source, double bytes_per_second, wire::Time now);
    [[nodiscard]] std::optional<Entry> find(SourceId source) const;

  private:
    std::unordered_map<SourceId, Entry> entries_;
};

}  // namespace xfsbus::swarm
