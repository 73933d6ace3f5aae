#pragma once

#include "experiment/experiment.hpp"

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace xfsbus::lab::experiment {

/// Reads an experiment; `file` is what complaints call it. Errc::usage, "FILE:LINE: WHERE KEY: what
/// is wrong and what is right", for the first thing that is wrong: also for what cannot be done
/// `where` it is to be run. Nothing is read of the disk, and no plug-in is looked for.
Result<Experiment> parse(std::string_view text, std::string const& file, Where where = Where::sim);

/// The same of a file. Errc::disk if it cannot be read.
Result<Experiment> read(std::filesystem::path const& file, Where where = Where::sim);

}  // namespace xfsbus::lab::experiment
