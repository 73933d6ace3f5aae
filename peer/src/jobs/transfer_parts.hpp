#pragma once

#include "jobs/offers.hpp"
#include "jobs/policy_slot.hpp"
#include "jobs/source_ids.hpp"
#include "net/chunk_port.hpp"
#include "net/executor.hpp"
#include "storage/committer.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/decision_trace.hpp"
#include "telemetry/log.hpp"

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/swarm/deliveries.hpp>
#include <xfsbus/swarm/source_history.hpp>
#include <xfsbus/swarm/throttle.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace xfsbus::peer::jobs {

/// What the chunks that a peer receives go through. Owned by the Node; reactor thread.
struct Reception {
    net::ChunkPort& chunks;
    swarm::Throttle& throttle;                       ///< of all downloads
    std::uint64_t bytes_per_second;                  ///< the limit of each file; 0: none
    std::function<wire::TransferId()> new_transfer;  ///< one that nobody can guess
    telemetry::Counters& counters;
    swarm::Deliveries& deliveries;  ///< what each source delivers is noted there
};

/// What the policies of all files have in common. Owned by the Node; reactor thread.
struct FilePolicies {
    /// What one file's chunk order needs.
    struct NewOrder {
        std::shared_ptr<OrderSlot> slot;  ///< reached by each swap from now on
        /// What is to be put into it. A plug-in creates it, which may take its time: not for the
        /// reactor's thread. Throws PolicyFault if strict.
        std::function<OrderSlot::Made()> make;
    };

    std::function<NewOrder()> new_order;
    std::shared_ptr<PolicyUsed const> chunk_order{};  ///< which one is in force
    telemetry::DecisionTrace* trace = nullptr;        ///< null: nothing is written down
    SourceIds source_ids;
    swarm::SourceHistory source_history{};  ///< what downloads have found of sources
    std::uint64_t files_begun = 0;          ///< policies tell files apart by their numbers
};

/// How whatever is fetched ends when it is cancelled.
inline Error cancelled() {
    return {Errc::interrupted, "interrupted; the same command goes on where it stopped"};
}

/// What all that is fetched has in common. Outlives it; reactor thread.
struct TransferParts {
    bus::Scheduler& scheduler;
    net::Executor& store;           ///< verifies and writes
    storage::Committer& committer;  ///< ends files that are to survive a power cut
    Reception& reception;
    FilePolicies& policies;
    Offers& offers;
    telemetry::Log const& log;
};

}  // namespace xfsbus::peer::jobs
