#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace xfsbus::policies {

/// A struct of abi.h as this build knows it, whoever made it: what its maker did not know yet is
/// zero, and what this build does not know is left out.
template <class Struct>
Struct sized_copy(Struct const& made) {
    static_assert(std::is_trivially_copyable_v<Struct>);
    Struct own{};
    std::memcpy(static_cast<void*>(&own), &made, std::min<std::size_t>(made.size, sizeof own));
    own.size = sizeof own;
    return own;
}

/// An array of such structs, which are `size` bytes apart; first points to count of them. What is
/// not as this build has it is copied into scratch, which must outlive the span.
template <class Struct>
std::span<Struct const> sized_span(Struct const* first, std::size_t count,
                                   std::vector<Struct>& scratch) {
    if (count == 0 || first->size == sizeof(Struct)) {
        return {first, count};
    }
    auto const* const bytes = reinterpret_cast<std::byte const*>(first);
    for (std::size_t i = 0; i < count; ++i) {
        scratch.push_back(sized_copy(*reinterpret_cast<Struct const*>(bytes + i * first->size)));
    }
    return scratch;
}

}  // namespace xfsbus::policies
