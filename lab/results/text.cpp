#include "results/text.hpp"

#include <array>
#include <cstdio>

namespace xfsbus::lab::results {

std::string number_text(char const* form, double value) {
    std::array<char, 400> text{};  // enough for the greatest double
    std::snprintf(text.data(), text.size(), form, value);
    return text.data();
}

}  // namespace xfsbus::lab::results
