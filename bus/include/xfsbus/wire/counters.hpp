#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xfsbus {

enum class CounterKind : std::uint8_t {
    now,    ///< so much there is at the moment
    total,  ///< so much it was since the start
};

/// A figure that a program tells of itself, in its status, in logs and in docs/OPERATING.md.
struct CounterInfo {
    std::string_view name;  ///< as in JSON
    std::string_view unit;
    CounterKind kind = CounterKind::now;
    std::string_view help;  ///< what of the unit is counted
};

/// A figure, and how much it is.
struct CounterValue : CounterInfo {
    std::uint64_t value = 0;
};

/// How much the figure of this name is; 0 if there is none.
inline std::uint64_t value_of(std::vector<CounterValue> const& counters, std::string_view name) {
    auto const found = std::ranges::find(counters, name, &CounterValue::name);
    return found == counters.end() ? 0 : found->value;
}

/// A row of a program's table of figures, which stand as the enumeration Counter numbers them.
template <typename Counter>
struct CounterRow {
    Counter counter;
    CounterInfo info;
};

template <typename Rows>
constexpr bool in_order(Rows const& rows) {
    std::size_t next = 0;
    for (auto const& row : rows) {
        if (static_cast<std::size_t>(row.counter) != next++) {
            return false;
        }
    }
    return true;
}

/// How much each figure of a table is. A value.
template <auto const& table>
class Counters {
    static_assert(in_order(table));

  public:
    using Counter = decltype(table.front().counter);

    std::uint64_t& operator[](Counter counter) { return values_[index(counter)]; }

    std::uint64_t operator[](Counter counter) const { return values_[index(counter)]; }

    /// All, as the table has them.
    [[nodiscard]] std::vector<CounterValue> list() const {
        std::vector<CounterValue> all;
        for (auto const& row : table) {
            all.push_back({row.info, (*this)[row.counter]});
        }
        return all;
    }

  private:
    static std::size_t index(Counter counter) {
        assert(static_cast<std::size_t>(counter) < table.size());
        return static_cast<std::size_t>(counter);
    }

    std::array<std::uint64_t, table.size()> values_{};
};

}  // namespace xfsbus
