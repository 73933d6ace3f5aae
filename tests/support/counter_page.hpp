#pragma once

#include <xfsbus/wire/counters.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace xfsbus::test {

/// A table of counters as docs/OPERATING.md has to show it.
template <typename Rows>
std::string counter_page(Rows const& rows) {
    std::string page = "| counter | unit | is | what |\n|---|---|---|---|\n";
    for (auto const& [counter, info] : rows) {
        page += "| `" + std::string(info.name) + "` | " + std::string(info.unit) + " | " +
                (info.kind == CounterKind::now ? "now" : "total") + " | " + std::string(info.help) +
                " |\n";
    }
    return page + "\n";
}

inline std::string operating_page() {
    std::ifstream file(XFSBUS_OPERATING_PAGE);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace xfsbus::test
