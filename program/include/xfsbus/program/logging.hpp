#pragma once

#include <xfsbus/wire/log.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::program {

/// "debug", "info", "warning" ("warn"), "error", "off"; nullopt: none of them.
std::optional<LogLevel> parse_log_level(std::string_view text);

struct LogOptions {
    std::string program;  ///< stands in every line
    LogLevel level = LogLevel::info;
    bool json = false;  ///< one JSON object a line: time, level, program, event, message, fields
    bool color = true;  ///< on a terminal, unless NO_COLOR is set to something
};

/// A program's log, on stderr, a line each. Any thread. Text that came from the network must be
/// escaped by the caller (wire::escape).
class Log {
  public:
    explicit Log(LogOptions const& options);
    ~Log();

    void write(LogEvent const& event) const;

    void write(LogLevel level, std::string_view note) const {
        write({level, {}, std::string(note), {}});
    }

    void debug(std::string_view message) const { write(LogLevel::debug, message); }

    void info(std::string_view message) const { write(LogLevel::info, message); }

    void warning(std::string_view message) const { write(LogLevel::warning, message); }

    void error(std::string_view message) const { write(LogLevel::error, message); }

    [[nodiscard]] bool enabled(LogLevel level) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace xfsbus::program
