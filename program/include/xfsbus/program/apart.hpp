#pragma once

#include <xfsbus/wire/result.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

/// Code that may crash, leave or hang, in a process that may.
namespace xfsbus::program {

/// What this program did in a process of its own.
struct Apart {
    std::string line;    ///< the first that it wrote to stdout, or what there is of it
    int code = -1;       ///< its exit code; -1: a signal has ended it
    std::string ending;  ///< how it ended, as the fault of a plug-in: "it crashes the program ..."
};

/// Starts this program again with these words, the first of which is its name, without stdin and
/// stderr, and waits for its end, or kills it after 15 s. Errc::failed: it cannot be started;
/// Errc::interrupted: it was to stop. Any thread.
[[nodiscard]] Result<Apart> run_apart(std::vector<std::string> words, std::stop_token const& stop);

/// A line that this program, in a process of its own, answers with the code of a plug-in.
/// Errc::plugin, with what it did instead: it crashed, left, or took longer than 15 s. What it
/// writes to stdout goes to stderr. Call it before there are threads.
[[nodiscard]] Result<std::string> ask_apart(std::function<std::string()> const& ask);

}  // namespace xfsbus::program
