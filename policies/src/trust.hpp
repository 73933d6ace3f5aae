#pragma once

#include <xfsbus/policies/host/errors.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::policies {

/// Why a file that a search has found may be a stranger's: anybody may write to a directory that
/// it stands in, or somebody owns it who is neither root, nor we, nor the owner of this program
/// (who could change that as well). nullopt if it is as good as the program.
[[nodiscard]] std::optional<std::string> why_distrusted(std::filesystem::path const& file);

/// The refusal of such a file.
[[nodiscard]] PluginRefused distrusted(std::filesystem::path const& file, std::string const& why);

/// Whether a file, or the directory that it was found in, is in one of these directories or below,
/// wherever links lead.
[[nodiscard]] bool lies_below(std::filesystem::path const& file,
                              std::vector<std::filesystem::path> const& directories);

}  // namespace xfsbus::policies
