#pragma once

#include "experiment/experiment.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace xfsbus::lab::run {

/// What `xfs-lab run` is asked for.
struct Request {
    std::filesystem::path file;
    std::filesystem::path out;
    bool force = false;  ///< writes over what is in `out`
    /// Beside those of the experiment, NAME=PLUGIN[:key=value,...].
    std::vector<std::string> policies{};
    experiment::Where where = experiment::Where::sim;
    std::filesystem::path programs{};  ///< directory of xfs-tracker and xfs-peer; not to simulate
    std::filesystem::path work_dir{};  ///< where they have their files while they run; the same
    std::size_t at_once = 1;
    std::chrono::milliseconds time_limit{};
    std::uint64_t memory_limit = 0;  ///< bytes; 0: none
    /// Told how far it is, in a line; may be empty.
    std::function<void(std::string const& line)> tell{};
};

struct Done {
    std::string table;                    ///< for the terminal
    std::string decisions;                ///< what one took of this machine: a line, or empty
    std::vector<std::string> warnings{};  ///< for stderr, a sentence each
    std::size_t failed = 0;               ///< runs
    int signal = 0;                       ///< that ended it early; 0: none
};

/// Runs all of an experiment, and writes its folder: also if it was ended early, then with what was
/// done. Only while the program has no other thread. Errc::usage, plugin, disk or
/// failed.
Result<Done> run_experiment(Request const& request, policies::PluginPath const& path);

}  // namespace xfsbus::lab::run
