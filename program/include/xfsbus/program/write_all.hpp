#pragma once

#include <string_view>

namespace xfsbus::program {

/// Writes all of this to a descriptor that waits; signals do not disturb it. False, with errno, if
/// it cannot be written. Only system calls: also between fork and exec.
bool write_all(int fd, std::string_view text);

}  // namespace xfsbus::program
