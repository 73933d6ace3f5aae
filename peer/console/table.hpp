#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::console {

using Rows = std::vector<std::vector<std::string>>;

/// Rows of words as lines, each with its end. Aligned, for people: the columns of all rows begin at
/// the same place, after `indent`.
std::string aligned(Rows const& rows, std::string_view indent = {});

/// For programs: the words of a row divided by one blank.
std::string divided(Rows const& rows);

}  // namespace xfsbus::console
