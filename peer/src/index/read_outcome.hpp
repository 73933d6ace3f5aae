#pragma once

#include <xfsbus/swarm/indexed_file.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace xfsbus::peer::index {

/// What came of reading a part of what is shared.
enum class ReadOutcome {
    good,
    changed,     ///< or vanished
    not_now,     ///< see is_shortage
    unreadable,  ///< errno says why
    refused,     ///< by the program that has it, which has been told of
};

/// Why a file cannot be opened or read, by errno, which is set; 0: it is not what was indexed.
ReadOutcome outcome_of(int error);

/// Fills the buffer from an open file, if it is as the stamp says before and afterwards; or only
/// afterwards, if that was looked at a moment ago (`just_seen`).
ReadOutcome read_unchanged(int fd, swarm::FileStamp const& stamp, std::span<std::byte> buffer,
                           std::uint64_t offset, bool just_seen = false);

}  // namespace xfsbus::peer::index
