#pragma once

#include "experiment/experiment.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace xfsbus::lab::experiment {

/// The text of a file that an experiment names, which is no longer than that; else Errc::disk or
/// Errc::usage, with the reason.
using Files = std::function<Result<std::string>(std::string const& name, std::size_t bytes_most)>;

/// Has no files.
Result<std::string> no_files(std::string const& name, std::size_t bytes_most);

/// Reads an experiment; `file` is what complaints call it. Errc::usage, "FILE:LINE: WHERE KEY: what
/// is wrong and what is right", for the first thing that is wrong: also for what cannot be done
/// `where` it is to be run. Nothing is read of the disk but by `files`, and no plug-in is looked
/// for.
Result<Experiment> parse(std::string_view text, std::string const& file, Where where = Where::sim,
                         Files const& files = no_files);

/// The same of a file; what it names is looked for beside it. Errc::disk if it cannot be read.
Result<Experiment> read(std::filesystem::path const& file, Where where = Where::sim);

/// Adds a policy to those that the experiment compares; given: NAME=PLUGIN[:key=value,...], where
/// PLUGIN is a selection. Errc::usage if it is none, or its name is taken.
Status add_policy(Experiment& experiment, std::string const& given);

}  // namespace xfsbus::lab::experiment
