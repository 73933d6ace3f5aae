#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>

namespace xfsbus::swarm {

/// What a Download allows itself, and its sources. Part of Download.
struct DownloadLimits {
    std::size_t sources_most = 24;   ///< used at once
    std::size_t known_most = 512;    ///< whatever became of them
    std::size_t banned_most = 4096;  ///< remembered of those that are not known any more
    std::uint64_t window_most = 32 * 1024 * 1024;       ///< asked of one source, not yet stored
    std::uint64_t outstanding_most = 48 * 1024 * 1024;  ///< of all sources
    wire::Duration ping_every = std::chrono::seconds(1);
    wire::Duration silence_most = std::chrono::seconds(3);  ///< then a source is lost
    /// How long a source that has not delivered yet may take; one whose rate is known gets what
    /// four times its rate makes, within these bounds. Twice as long after each strike.
    wire::Duration chunk_patience = std::chrono::seconds(10);
    wire::Duration patience_least = std::chrono::seconds(2);
    wire::Duration patience_most = std::chrono::seconds(60);
    wire::Duration rest = std::chrono::seconds(1);  ///< the first; each is twice the one before
    unsigned strikes_most = 4;                      ///< in a row
    /// The same for one that is busy, give or take a quarter, and never more than that.
    wire::Duration busy_rest = std::chrono::milliseconds(100);
    wire::Duration busy_rest_most = std::chrono::seconds(2);
    wire::Duration find_every = std::chrono::seconds(1);         ///< while nothing is coming
    wire::Duration find_first = std::chrono::milliseconds(100);  ///< then ever more seldom
    wire::Duration find_seldom = std::chrono::seconds(15);
    wire::Duration no_source_most = std::chrono::seconds(5);  ///< then the download fails
    /// The same while there are sources, but none has anything that is still needed.
    wire::Duration no_news_most = std::chrono::seconds(60);
    /// A source that has had nothing for us for so long makes room for another.
    wire::Duration useless_most = std::chrono::seconds(3);
};

}  // namespace xfsbus::swarm
