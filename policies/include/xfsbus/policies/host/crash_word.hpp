#pragma once

#include <string_view>

namespace xfsbus::policies {

/// From now on, when this process dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT on a thread
/// that is within a call into a policy, a line on stderr says so first: "PROGRAM: crashed within
/// policy FILE (NAME), OPERATION". Then the signal does what it always did: the process ends, and
/// leaves a core where that is wanted. Signals for which there is a handler already are left alone;
/// nothing is said where the thread's stack is exhausted. For the main function of a program.
void tell_crashes(std::string_view program);

}  // namespace xfsbus::policies
