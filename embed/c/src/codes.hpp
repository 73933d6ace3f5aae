#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/xfsbus.h>

#include <string_view>

namespace xfsbus::c {

xfsbus_code code_of(Errc code);

/// Fills in `to`, if there is one; a message that is too long ends in "..." after a whole
/// character. Returns the code.
xfsbus_code tell(xfsbus_error* to, xfsbus_code code, std::string_view message) noexcept;

}  // namespace xfsbus::c
