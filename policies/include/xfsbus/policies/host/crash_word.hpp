#pragma once

#include <string_view>

namespace xfsbus::policies {

/// From now on, when this process dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT on a thread
/// that is within a call into a policy, a line on stderr says so first: "PROGRAM: crashed within
/// policy FILE (NAME), OPERATION". Then the signal does what it always did: the process ends, and
/// leaves a core where that is wanted. Signals for which there is a handler already are left alone.
/// For the main function of a program.
void tell_crashes(std::string_view program);

/// Whoever calls a policy says so first: if crashes are told, the thread is given a second stack,
/// on which they are told of even where its own is exhausted. It keeps that until it ends. A thread
/// that has one already keeps its own. Costs next to nothing but for the first time.
void prepare_to_tell();

}  // namespace xfsbus::policies
