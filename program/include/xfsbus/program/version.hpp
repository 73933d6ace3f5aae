#pragma once

#include <string>
#include <string_view>

namespace xfsbus::program {

/// "xfs-lab 0.1.0": of a program that has no network.
std::string version_line(std::string_view program);

/// "xfs-tracker 0.1.0 (protocol 1, libzmq 4.3.4)"
std::string version_line(std::string_view program, std::string_view zmq_version);

}  // namespace xfsbus::program
