#pragma once

#include <string>

namespace xfsbus::peer::storage {

/// Syncs the bytes of a file; or a file or a directory with all that is known of it. Returns 0,
/// also where the file system has no such call, since nobody can do more; or errno: then nothing
/// that was not synced before is certain to be on the disk, however often it is tried again.
int sync_data(int fd);
int sync_all(int fd);

/// After a sync that failed: what is read from now on comes from the disk where the system can do
/// that, and not from memory, which may hold what the disk does not.
void drop_from_memory(int fd);

}  // namespace xfsbus::peer::storage
