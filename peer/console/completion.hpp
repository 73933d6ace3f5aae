#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::console {

/// The names of files that begin with this; asks the bus.
using NamesFrom = std::function<std::vector<std::string>(std::string const& prefix)>;

/// What a word of a command line can become, `before` being the line before it: commands at the
/// start and after `help`, options where there are any, names of files after find, download and
/// push. Sorted.
std::vector<std::string> completions(std::string_view before, std::string_view word,
                                     NamesFrom const& names);

}  // namespace xfsbus::console
