#pragma once

#include "experiment/experiment.hpp"
#include "results/run.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::lab::live {

/// What runs with real programs need.
struct Place {
    experiment::Where where = experiment::Where::live;
    std::filesystem::path programs{};  ///< the directory of xfs-tracker and xfs-peer
    std::filesystem::path work{};      ///< ours alone; a run leaves nothing in it
    std::vector<std::filesystem::path> plugin_dirs{};
};

/// Whether such runs can be here: Errc::usage without root or what --netns needs, Errc::disk
/// without room for what all peers have, Errc::failed without the programs.
Status check(experiment::Experiment const& experiment, Place const& place);

/// What to know of all runs there, a sentence each.
std::vector<std::string> notes_of(experiment::Experiment const& experiment,
                                  experiment::Where where);

/// Runs one policy with one seed, in real time. What cannot go on is thrown, std::runtime_error:
/// then the run has failed. Its programs end with this process, in whatever way that ends. On a
/// thread that is the only one.
results::Run run(experiment::Experiment const& experiment, std::size_t policy, std::uint64_t seed,
                 Place const& place);

}  // namespace xfsbus::lab::live
