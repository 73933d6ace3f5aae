#pragma once

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): another's
class App;
}

namespace xfsbus::program {

using Words = std::vector<std::string>;

/// Has the app read these words; its exit code if that was all there is to do (--help, --version).
/// Errc::usage if it cannot.
Result<std::optional<int>> parse_words(CLI::App& app, Words words);

/// Says whether these words, alone, could be a command line.
using CheckWords = std::function<Status(Words const& words)>;

/// The options of a file (see config.hpp) as words of a command line; those that were typed, so
/// that `typed` has them, count instead of the file's. Each line is checked alone: Errc::usage, or
/// what the check says, with FILE:LINE.
Result<Words> config_words(std::filesystem::path const& file, CLI::App const& typed,
                           CheckWords const& check);

enum class Environment { heeded, ignored };

/// Reads the words, and the file that their --config names.
///
/// `Line` is one reading of a command line: made with an Environment, it has an `app`, the `config`
/// that this fills, and a `check()` of what may be wrong with the options one by one.
template <typename Line>
Result<std::optional<int>> parse_command_line(Words words, std::optional<Line>& line) {
    line.emplace(Environment::heeded);
    auto typed = parse_words(line->app, words);
    if (!typed || *typed || line->config.empty()) {
        return typed;
    }
    auto const check = [](Words const& one) -> Status {
        Line alone(Environment::ignored);
        auto const parsed = parse_words(alone.app, one);
        return parsed ? alone.check() : Status(parsed.error());
    };
    auto const more = config_words(line->config, line->app, check);
    if (!more) {
        return more.error();
    }
    words.insert(words.begin(), more->begin(), more->end());
    line.emplace(Environment::heeded);
    return parse_words(line->app, std::move(words));
}

}  // namespace xfsbus::program
