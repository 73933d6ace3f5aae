#pragma once

#include <xfsbus/wire/export.hpp>

#include <string_view>

namespace xfsbus::peer {

/// From now on, when this process dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT within a call
/// of a peer into a policy, a line on stderr says so first: "PROGRAM: crashed within policy FILE
/// (NAME), OPERATION"; then the signal does what it always did. For the main function of a program
/// that wants it, before its first Peer: no Peer does it by itself. Signals for which the program
/// has a handler already are left alone.
XFSBUS_API void tell_crashes(std::string_view program);

}  // namespace xfsbus::peer
