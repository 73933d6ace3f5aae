#pragma once

#include <xfsbus/swarm/download_source.hpp>

#include <cstdint>
#include <vector>

namespace xfsbus::swarm {

/// What a Download wants done, in this order. Part of Download.
struct DownloadActions {
    /// Ask this source for these chunks; it may have sent `credit` bytes in all by then. Without
    /// chunks: open the transfer, so that the source tells what it has.
    struct Ask {
        SourceId source{};
        std::uint64_t credit = 0;
        std::vector<std::uint32_t> chunks;
        bool urgent = false;  ///< somebody waits for the first of them
    };

    /// Ask whether it is still there.
    struct Probe {
        SourceId source{};
    };

    /// These were asked of this source, too, and have come from another: it need not send them.
    struct Spare {
        SourceId source{};
        std::vector<std::uint32_t> chunks;
    };

    /// This source's part in the transfer has ended, for now at least.
    struct Drop {
        SourceId source{};
        /// Nothing will be asked of it any more, unless it is found again: let its link go.
        bool for_good = false;
    };

    std::vector<Drop> drops;
    std::vector<Spare> spares;
    std::vector<Ask> asks;
    std::vector<Probe> probes;
    bool search = false;  ///< look for sources, report them, then call on_search_done
};

}  // namespace xfsbus::swarm
