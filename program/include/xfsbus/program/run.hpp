#pragma once

#include <xfsbus/wire/result.hpp>

#include <functional>
#include <string_view>

namespace xfsbus::program {

/// The exit code of a program whose stdout has lost its reader, as with `| head -1`: that of a
/// program which SIGPIPE ends.
inline constexpr int code_of_closed_pipe = 141;

/// What surrounds the work of every program; the first and the last thing in main.
///
/// Standard streams that are closed are opened on /dev/null: else the next socket or file would
/// have their number, and be written to. A broken pipe (SIGPIPE), and a file that is too large for
/// `ulimit -f` (SIGXFSZ), are errors of the write, not signals.
///
/// In the end stdout is checked: if something of it could not be written the exit code is 9, and
/// stderr says why; if its reader is gone, code_of_closed_pipe, without a word. Only a signal's
/// code (128 and more) stands all the same. `work` should end soon once std::cout is bad.
///
/// An exception that leaves `work` is told, and exit code 1.
int run(std::string_view name, std::function<int()> const& work);

/// The exit code of a program that fails so; docs/CLI.md lists them.
int exit_code(Errc code);

/// Tells the error on stderr; its exit code.
int complain(std::string_view name, Error const& error);

}  // namespace xfsbus::program
