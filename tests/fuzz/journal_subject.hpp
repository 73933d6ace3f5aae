#pragma once

#include "storage/journal.hpp"

/// What the journals are about that the seeds write and the fuzzer reads.
inline xfsbus::peer::storage::JournalSubject journal_subject() {
    xfsbus::peer::storage::JournalSubject subject{1000, 40, 39'500, 7, 4711, {}};
    subject.content.bytes.fill(0xAB);
    return subject;
}
