#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::program {

/// A line of a configuration file.
struct ConfigLine {
    std::string option;
    std::optional<std::string> value;  ///< nullopt: there is no '='
    std::size_t number = 0;            ///< from 1
    friend bool operator==(ConfigLine const&, ConfigLine const&) = default;
};

/// Reads lines `option=value`. The value is the rest of the line, without the blanks around it, or
/// what stands between a pair of quotes around all of that. Empty lines, and those that begin with
/// `#` or `;`, are left out. Errc::usage, with FILE:LINE.
Result<std::vector<ConfigLine>> read_config(std::filesystem::path const& file);

/// The same error, with FILE:LINE before it.
Error at_line(std::filesystem::path const& file, std::size_t line, Error error);

}  // namespace xfsbus::program
