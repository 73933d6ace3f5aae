#pragma once

// Catch2 version 3 where there is one, else the single header of version 2; tests use the names of
// version 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>

inline auto ContainsSubstring(std::string const& text,
                              Catch::CaseSensitive::Choice how = Catch::CaseSensitive::Yes) {
    return Catch::Matchers::Contains(text, how);
}
#endif
