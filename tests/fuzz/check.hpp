#pragma once

#include <cstdlib>

/// What must hold for every input; libFuzzer reports the abort with the input that led to it.
inline void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}
