#pragma once

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <string>

namespace xfsbus::peer::storage {

/// Makes room for an open file to grow to this size, all of it at once, so that a full disk is
/// noticed now and not after an hour; writing to allocated space is also twice as fast. Asks for
/// the space first, so that a file that does not fit takes nothing from others, not even for a
/// moment, and leaves the disk a reserve. On a file system that cannot reserve it is found as it is
/// written. `directory`: where it lies. Returns 0 or errno.
int reserve_space(int directory, int fd, std::uint64_t bytes);

/// What the end of a download says of a disk without room (ENOSPC, EDQUOT). `there`: bytes of the
/// file that are stored and stay for the next try.
Error no_room(int error, int directory, std::string const& name, std::uint64_t bytes,
              std::uint64_t there);

/// Whether it says that there is no room.
bool is_no_room(int error);

}  // namespace xfsbus::peer::storage
