#pragma once

#include <xfsbus/wire/time.hpp>

#include <string>

namespace xfsbus::lab::results {

/// A number as printf writes it; `form` is a literal that takes one double.
std::string number_text(char const* form, double value);

inline double seconds_of(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace xfsbus::lab::results
