#pragma once

#include "jobs/names_in_use.hpp"
#include "storage/tree.hpp"

#include <xfsbus/peer/durability.hpp>
#include <xfsbus/swarm/file_places.hpp>

#include <memory>

namespace xfsbus::peer::jobs {

/// Where all downloads of a peer put their files, and how. Owned by the Node; reactor thread.
struct Destination {
    std::shared_ptr<storage::Tree const> tree;
    Durability durability;
    bool keep_mode;            ///< what is executable at its source is so here
    swarm::FilePlaces places;  ///< of files that are fetched at once
    NamesInUse names{};
};

}  // namespace xfsbus::peer::jobs
