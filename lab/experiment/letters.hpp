#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace xfsbus::lab::experiment {

/// The line, from 1 on, of the first byte that is not ASCII and stands neither in a text in quotes
/// nor in a comment, as TOML has these; nullopt: there is none before the TOML ends or is wrong.
/// toml++ 3.3 must not see such: what it does then is undefined.
std::optional<std::size_t> line_of_strange_letter(std::string_view toml);

}  // namespace xfsbus::lab::experiment
