#pragma once

#include <xfsbus/wire/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::console {

/// Splits a command line as a shell would: blanks divide words, '...' and "..." keep them
/// together, a backslash takes the next character as it is (inside "..." only before " and \).
/// Nothing is expanded: patterns are for the tracker. Errc::usage for an open quote.
Result<std::vector<std::string>> split_words(std::string_view line);

/// A word that split_words gives back as this text.
std::string quote_word(std::string_view text);

}  // namespace xfsbus::console
