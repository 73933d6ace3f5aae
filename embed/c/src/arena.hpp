#pragma once

#include <cstddef>
#include <memory_resource>
#include <new>
#include <string_view>
#include <type_traits>

namespace xfsbus::c {

/// Memory of an answer: the structs and texts that it points to live as long as it does.
class Arena {
  public:
    Arena() = default;
    Arena(Arena const&) = delete;
    Arena& operator=(Arena const&) = delete;

    char const* text(std::string_view text) {
        auto* const copy = static_cast<char*>(memory_.allocate(text.size() + 1, 1));
        text.copy(copy, text.size());
        copy[text.size()] = '\0';
        return copy;
    }

    template <typename T>
    T const* keep(T const& value) {
        static_assert(std::is_trivially_destructible_v<T>);
        return ::new (memory_.allocate(sizeof(T), alignof(T))) T(value);
    }

    /// Room for so many pointers, to be filled in; never nullptr.
    template <typename T>
    T const** pointers(std::size_t count) {
        return static_cast<T const**>(
            memory_.allocate((count + 1) * sizeof(T const*), alignof(T const*)));
    }

  private:
    std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace xfsbus::c
