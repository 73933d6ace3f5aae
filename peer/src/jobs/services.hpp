#pragma once

#include "jobs/hashes.hpp"
#include "jobs/names_in_use.hpp"
#include "jobs/policy_slot.hpp"
#include "net/chunk_router.hpp"
#include "net/link.hpp"
#include "net/pool_jobs.hpp"
#include "net/system_random.hpp"
#include "net/tracker_link.hpp"
#include "serving/serving.hpp"
#include "storage/committer.hpp"
#include "storage/tree.hpp"
#include "telemetry/counters.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/swarm/file_places.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/swarm/source_history.hpp>
#include <xfsbus/swarm/throttle.hpp>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace xfsbus::peer::jobs {

class FileTransfer;

/// What the downloads of a peer have in common. Owned by the Node; reactor thread.
struct Services {
    bus::Reactor& reactor;
    net::Links& links;
    net::TrackerLink& tracker;
    serving::Serving* serving;  ///< null: this peer shares nothing, and so no part of a file either
    Hashes& hashes;
    swarm::FilePlaces file_places;  ///< of all downloads
    net::PoolJobs& store;           ///< verifies and writes
    storage::Committer& committer;  ///< ends files that are to survive a power cut
    Durability durability;          ///< of what is fetched
    bool keep_mode;                 ///< what is executable at its source is so here
    swarm::ShareTable const& share;
    std::shared_ptr<storage::Tree const> tree;
    swarm::Throttle& throttle;  ///< of all downloads
    net::ChunkRouter& chunks;
    std::uint64_t transfer_bytes_per_second;  ///< the limit of each file; 0: none
    telemetry::Counters& counters;
    wire::PeerId self;
    std::mt19937_64& random;  ///< seeded from the system; for choices, not for secrets
    std::uint64_t id_key;     ///< of source ids, so that no stranger can make two of them equal
    OnLog log;
    LogLevel log_level;  ///< what is less important is not logged
    /// A chunk order for one file. A plug-in creates it, which may take its time: not for the
    /// reactor's thread. Throws PolicyFault if strict.
    std::function<std::shared_ptr<OrderSlot>()> new_order;
    /// A file was put in place and may be offered to others.
    std::function<void(swarm::IndexedFile)> on_fetched;
    /// So much of a file is here now, and offered to others.
    std::function<void(swarm::PartialFile)> on_partial;
    /// A file is not being fetched any more. If it is whole, on_fetched was called before.
    std::function<void(std::string const& name)> on_partial_gone;

    std::uint64_t downloads_begun = 0;  ///< of files; policies tell them apart by their numbers
    /// The files that are being fetched and offered meanwhile.
    std::map<wire::ContentId, FileTransfer*> fetching{};

    NamesInUse names{};

    net::RandomStore transfer_ids{};
    swarm::SourceHistory source_history{};  ///< what downloads have found of sources

    /// Nobody can guess it.
    wire::TransferId new_transfer();
    /// What policies know a source by: the same for the same endpoint as long as the program runs,
    /// and with a seed in every run.
    [[nodiscard]] swarm::SourceId source_id(wire::Endpoint const& endpoint) const;
};

}  // namespace xfsbus::peer::jobs
