#pragma once

#include <xfsbus/wire/result.hpp>

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::console {

/// Variables of the environment, besides those that this process has.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// Runs a user's command by `sh -c` and waits for its end. Its stdin is empty, and its stdout is
/// this process's stderr, since answers go to stdout. `stop` ends it, with all that it has begun
/// (SIGTERM). Errc::failed, in words, if it cannot be run or does not end with 0; Errc::interrupted
/// after `stop`. Any thread.
Status run_hook(std::string const& command, Variables const& variables,
                std::stop_token const& stop);

}  // namespace xfsbus::console
