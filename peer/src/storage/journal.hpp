#pragma once

#include "storage/tree.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/ids.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer::storage {

/// Which file on its way a journal is about. If any of it differs, it is another file's journal.
struct JournalSubject {
    std::uint32_t chunk_bytes = 0;
    std::uint32_t chunk_count = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t device = 0;  ///< and
    std::uint64_t inode = 0;   ///< of the temporary file
    wire::ContentId content;
    std::array<char, 256> leaf{};  ///< the final name in its directory, for whoever finds it
};

/// A leaf as it stands there; longer names than file systems allow are cut.
std::array<char, 256> journal_leaf(std::string_view leaf);

inline constexpr std::size_t journal_header_bytes = 336;
inline constexpr std::size_t journal_record_bytes = 16;

/// A journal: the subject, then a record for each chunk. In the byte order of the machine, since
/// it never leaves it: one of another order does not begin as it should.
std::string encode_journal(JournalSubject const& subject, std::span<std::uint32_t const> chunks);

struct JournalClaims {
    std::vector<std::uint32_t> chunks;  ///< ascending, each once
    std::size_t bytes = 0;              ///< of the journal, before the first that is wrong
};

/// Reads a journal, which may be any bytes, up to the first record that is wrong or torn; nullopt
/// unless it begins as one about this subject does.
std::optional<JournalClaims> parse_journal(std::string_view bytes, JournalSubject const& subject);

/// What a journal of whatever subject says of itself; nullopt unless it begins as one.
struct JournalReport {
    JournalSubject subject;
    std::size_t claimed = 0;  ///< chunks
};

std::optional<JournalReport> report_of_journal(std::string_view bytes);

/// Remembers, beside a file on its way, which of its chunks were written, so that the next run
/// need not read all of it to know. It is a hint: what it claims is verified, what it does not
/// claim is fetched again, and whatever goes wrong with it only makes the next run read more. So
/// nothing here fails.
///
/// append() may be called on several threads at once; everything else by one at a time, and by
/// the owner of the temporary file's lock alone.
class Journal {
  public:
    /// Touches nothing yet.
    Journal(Place place, JournalSubject const& subject);

    /// The chunks that the journal of an earlier run claims, ascending; nullopt if there is none
    /// about this subject.
    std::optional<std::vector<std::uint32_t>> load();

    /// Makes the journal claim just these chunks, ascending. Written anew unless it does already.
    void begin(std::vector<std::uint32_t> const& chunks);

    /// Adds a chunk whose bytes were written. Does nothing before load() has found a journal in
    /// order or begin() has made one.
    void append(std::uint32_t chunk);

    /// What was added stays there in a power cut. Returns 0 or errno.
    int sync();

    /// Removes what has its name; nothing is added any more.
    void remove();

  private:
    Place place_;
    JournalSubject subject_;
    std::uint64_t check_;  ///< the header's, from which the records' follow
    files::Fd fd_;
    std::optional<std::vector<std::uint32_t>> claimed_;  ///< by a journal in order, until begin()
    std::atomic<bool> usable_{false};                    ///< fd_ may be appended to
};

}  // namespace xfsbus::peer::storage
