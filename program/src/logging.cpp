#include <xfsbus/program/logging.hpp>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

namespace xfsbus::program {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

/// The text as a JSON string, with its quotes.
std::string json_string(std::string_view text) {
    std::string json = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> code{};
            std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
            json += code.data();
        } else {
            json += c;
        }
    }
    return json + "\"";
}

std::string json_value(LogEvent::Value const& value) {
    if (auto const* text = std::get_if<std::string>(&value)) {
        return json_string(*text);
    }
    return std::visit(
        [](auto const& number) {
            if constexpr (std::is_arithmetic_v<std::decay_t<decltype(number)>>) {
                return fmt::format("{}", number);
            } else {
                return std::string();
            }
        },
        value);
}

/// What stands between the braces, after the time, the level and the program.
std::string json_of(LogEvent const& event) {
    std::string json = event.name.empty() ? "" : "\"event\":" + json_string(event.name) + ",";
    json += "\"message\":" + json_string(event.text);
    for (auto const& [key, value] : event.fields) {
        json += "," + json_string(key) + ":" + json_value(value);
    }
    return json;
}

std::string text_of(LogEvent const& event) {
    return event.name.empty() ? event.text : std::string(event.name) + ": " + event.text;
}

constexpr char const* text_pattern = "%Y-%m-%d %H:%M:%S.%e %n %^%l%$: %v";
constexpr char const* json_pattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","program":"%n",%v})";

/// By the convention (no-color.org) it has to be set to something.
bool colors_are_unwanted() {
    char const* const no_color = std::getenv("NO_COLOR");
    return no_color != nullptr && *no_color != '\0';
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, LogLevel>, 6> levels = {
        {{"debug", LogLevel::debug},
         {"info", LogLevel::info},
         {"warning", LogLevel::warning},
         {"warn", LogLevel::warning},
         {"error", LogLevel::error},
         {"off", LogLevel::off}}};
    for (auto const& [name, level] : levels) {
        if (name == text) {
            return level;
        }
    }
    return std::nullopt;
}

struct Log::Impl {
    spdlog::logger logger;
    bool json = false;
};

Log::Log(LogOptions const& options) {
    bool const color = options.color && !options.json && !colors_are_unwanted();
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
        color ? spdlog::color_mode::automatic : spdlog::color_mode::never);
    impl_ = std::make_unique<Impl>(
        Impl{spdlog::logger(options.program, std::move(sink)), options.json});
    impl_->logger.set_level(to_spdlog(options.level));
    impl_->logger.flush_on(spdlog::level::debug);
    if (options.json) {
        impl_->logger.set_pattern(json_pattern, spdlog::pattern_time_type::utc);
    } else {
        impl_->logger.set_pattern(text_pattern);
    }
}

Log::~Log() = default;

bool Log::enabled(LogLevel level) const {
    return impl_->logger.should_log(to_spdlog(level));
}

void Log::write(LogEvent const& event) const {
    if (!enabled(event.level)) {
        return;
    }
    // As a string_view it is logged as it is, not taken for a format.
    auto const line = impl_->json ? json_of(event) : text_of(event);
    impl_->logger.log(to_spdlog(event.level), spdlog::string_view_t(line));
}

}  // namespace xfsbus::program
