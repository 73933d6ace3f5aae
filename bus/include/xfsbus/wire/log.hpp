#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus {

enum class LogLevel { debug, info, warning, error, off };

/// Something that happened, for a log. What came from others is escaped in it.
struct LogEvent {
    using Value = std::variant<std::string, std::uint64_t, double>;

    LogLevel level = LogLevel::info;
    /// What kind of thing, for programs that read the log: docs/OPERATING.md lists all. Empty: a
    /// note for people.
    std::string_view name;
    std::string text;  ///< one line, for people
    std::vector<std::pair<std::string_view, Value>> fields{};
};

using OnLog = std::function<void(LogEvent const&)>;

}  // namespace xfsbus
