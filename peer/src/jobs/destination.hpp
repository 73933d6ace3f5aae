#pragma once

#include "index/publications.hpp"
#include "jobs/names_in_use.hpp"
#include "storage/tree.hpp"

#include <xfsbus/peer/durability.hpp>
#include <xfsbus/swarm/file_places.hpp>

#include <memory>
#include <string_view>

namespace xfsbus::peer::jobs {

/// Where all downloads of a peer put their files, and how. Owned by the Node; reactor thread.
struct Destination {
    std::shared_ptr<storage::Tree const> tree;
    Durability durability;
    bool keep_mode;            ///< what is executable at its source is so here
    swarm::FilePlaces places;  ///< of files that are fetched at once
    /// Whose names nothing is fetched to; null: there is no share in which they could stand.
    index::Publications const* published = nullptr;
    NamesInUse names{};

    [[nodiscard]] bool publishes(std::string_view name) const {
        return published != nullptr && published->contains(name);
    }
};

}  // namespace xfsbus::peer::jobs
