#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::wire {

/// Why a text cannot be the name of a shared file; nullopt if it can.
///
/// A name is a relative path in UTF-8, parts divided by '/': no empty part, no "." or "..", no
/// control character, no part that begins with ".xfs-" (our own temporary files), within the
/// limits. Bad names are refused, never repaired: a repaired name may be somebody else's.
std::optional<std::string> name_problem(std::string_view name);

/// The same text, safe to show: control characters, bidirectional overrides and invalid UTF-8
/// become \xNN, and a backslash is doubled, so that nothing from the network can drive a terminal
/// or forge a line of a log.
std::string escape(std::string_view text);

/// True for valid UTF-8 (shortest form, no surrogates, at most U+10FFFF).
bool valid_utf8(std::string_view text);

}  // namespace xfsbus::wire
