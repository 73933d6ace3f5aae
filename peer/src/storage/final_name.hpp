#pragma once

#include "storage/temporary.hpp"

#include <string>

namespace xfsbus::peer::storage {

/// Gives a temporary file its final name in the same directory. Unless it may replace, another
/// file of that name stays: EEXIST. Returns 0 or errno.
///
/// rename() without replacing, else link(), does it in one step. Where the file system has
/// neither (FAT and exFAT, some network mounts) the name is claimed: an empty file is made under
/// it, which only one can do, and replaced. A claim file beside it says so from before the empty
/// file is there until after it is gone, so that a crash leaves nothing that looks like a result:
/// release_claim() removes it.
int give_name(int directory, TemporaryNames const& names, std::string const& leaf, bool replace);

/// Removes what a run that was killed has claimed, if anything: the empty file under the final
/// name, if it is still the one that was made, and the claim. To be called by the owner of the
/// temporary file's lock. Returns 0 or errno.
int release_claim(int directory, TemporaryNames const& names);

/// Whether there is a claim.
bool is_claimed(int directory, TemporaryNames const& names);

/// The name that is claimed; empty if there is no claim, or none that can be read.
std::string claimed_name(int directory, TemporaryNames const& names);

}  // namespace xfsbus::peer::storage
