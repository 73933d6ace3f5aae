#pragma once

#include <xfsbus/program/clean_spawn.hpp>
#include <xfsbus/wire/result.hpp>

#include <stop_token>
#include <string>

namespace xfsbus::console {

/// Runs a user's command by `sh -c` and waits for its end. Its stdin is empty, and its stdout is
/// this process's stderr, since answers go to stdout. `stop` ends it, with all that it has begun
/// (SIGTERM). Errc::failed, in words, if it cannot be run or does not end with 0; Errc::interrupted
/// after `stop`. Any thread.
Status run_hook(std::string const& command, program::Variables const& variables,
                std::stop_token const& stop);

}  // namespace xfsbus::console
