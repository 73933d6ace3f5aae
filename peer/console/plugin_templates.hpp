#pragma once

#include <string>
#include <string_view>

namespace xfsbus::console {

/// The text of a file in templates/, which the program carries within it. Throws std::out_of_range
/// if there is none of this name.
[[nodiscard]] std::string plugin_template(std::string_view name);

}  // namespace xfsbus::console
