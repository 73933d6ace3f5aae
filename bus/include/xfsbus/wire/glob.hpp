#pragma once

#include <string_view>

namespace xfsbus::wire {

/// Shell patterns over names: `*` any run within one part, `**` any run at all, `?` one character
/// other than '/', `[a-z]` and `[!a-z]` one of a set, `\` takes the next character literally.
/// Worst case O(length of pattern x length of name), and a pattern longer than
/// limits::pattern_bytes matches nothing: patterns come from the network.
bool glob_match(std::string_view pattern, std::string_view name);

/// True if the text has a character that is special in a pattern.
bool is_glob(std::string_view text);

/// What every match begins with: the text before the first special character.
std::string_view glob_prefix(std::string_view pattern);

}  // namespace xfsbus::wire
