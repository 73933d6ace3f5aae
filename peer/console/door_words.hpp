#pragma once

#include <xfsbus/door/door.hpp>
#include <xfsbus/wire/result.hpp>

#include <optional>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace xfsbus::console {

/// What the command line says about the way in for HTTP.
struct DoorWords {
    std::string http;
    std::string token_file;
};

void add_door_options(CLI::App& app, DoorWords& words);

/// nullopt: there is to be none. Errc::usage, or Errc::disk if the token cannot be read.
Result<std::optional<door::Options>> door_options(DoorWords const& words, bool serve);

}  // namespace xfsbus::console
