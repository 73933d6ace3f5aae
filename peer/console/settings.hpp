#pragma once

#include "cleanup.hpp"
#include "explain.hpp"
#include "plugin_project.hpp"

#include <xfsbus/door/door.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/program/logging.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::console {

/// What xfs-peer was told to do on its command line, in its environment and in its configuration.
struct Settings {
    peer::PeerOptions peer;
    program::LogOptions log;
    std::optional<std::chrono::milliseconds> tracker_timeout;  ///< nullopt: wait for ever
    std::vector<std::string> commands;                         ///< -c
    bool serve = false;
    bool json = false;
    std::optional<door::Options> door;  ///< --http; without its log

    /// `plugins`, and `plugins check FILE`, `plugins test FILE`, `plugins new NAME`.
    enum class Plugins { none, list, check, test, make };
    Plugins plugins = Plugins::none;
    std::string plugin_file;
    PluginProject plugin_project;  ///< of `plugins new`

    std::optional<Cleanup> cleanup;  ///< `cleanup`
    std::optional<Explain> explain;  ///< `explain NAME`

    std::vector<std::string> words;  ///< of the command line that said all this
};

/// Reads the words of a command line, the environment and the configuration that they name into
/// `settings`. The exit code if there is nothing more to do (--help); Errc::usage.
Result<std::optional<int>> parse_settings(std::vector<std::string> const& words,
                                          Settings& settings);

/// Fills in `settings`; returns the exit code if there is nothing more to do (--help, or an error,
/// which has been told on stderr).
std::optional<int> read_settings(int argc, char** argv, Settings& settings);

}  // namespace xfsbus::console
