#pragma once

#include "experiment/experiment.hpp"
#include "results/run.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>

namespace xfsbus::lab::run {

/// Loads each plug-in that the experiment names. Errc::plugin, naming policy and reason.
Status check(experiment::Experiment const& experiment, policies::PluginPath const& path);

/// Simulates one policy with one seed, on this thread, in virtual time. What is wrong with a policy
/// is thrown: PolicyFault, PluginRefused, sim::BrokenPromise, std::bad_alloc.
results::Run simulate(experiment::Experiment const& experiment, std::size_t policy,
                      std::uint64_t seed, policies::PluginPath const& path);

}  // namespace xfsbus::lab::run
