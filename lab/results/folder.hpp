#pragma once

#include "results/summary.hpp"

#include <xfsbus/wire/result.hpp>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace xfsbus::lab::results {

/// A row for each peer and run, by policy, seed and peer: the same bytes for the same outcomes,
/// whatever their order.
std::string csv_of(experiment::Experiment const& experiment, std::vector<Outcome> const& outcomes);

/// What each run took of this machine, which differs from time to time.
std::string timings_of(experiment::Experiment const& experiment,
                       std::vector<Outcome> const& outcomes);

std::string json_of(Summary const& summary);

/// As for a terminal: a line for each policy, and a line for each run that failed.
std::string table_of(Summary const& summary);

/// The files of a folder of results.
inline constexpr std::array<char const*, 4> result_files = {"results.csv", "timings.csv",
                                                            "summary.json", "report.html"};

/// Errc::disk, "PATH: WHY".
Error disk_trouble(std::filesystem::path const& path, std::string const& why);

/// Writes a file of the folder, in place of one that is there. Errc::disk.
Status write(std::filesystem::path const& file, std::string const& text);

}  // namespace xfsbus::lab::results
