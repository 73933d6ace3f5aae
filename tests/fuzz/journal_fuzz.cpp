#include "check.hpp"
#include "journal_subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

// The journal beside a file on its way, as it is found on disk.

using namespace xfsbus::peer;

namespace {

using Chunks = std::vector<std::uint32_t>;

/// The chunk that a record names whose bytes begin so.
std::uint32_t named_in(std::string_view record) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, record.data(), sizeof chunk);
    return static_cast<std::uint32_t>(chunk);
}

/// The chunks of whole records, as they stand there.
Chunks named_in_all(std::string_view records) {
    Chunks chunks;
    for (; !records.empty(); records.remove_prefix(storage::journal_record_bytes)) {
        chunks.push_back(named_in(records));
    }
    return chunks;
}

/// Each chunk once, ascending, none that the file does not have.
void check_order(Chunks const& chunks) {
    must(std::adjacent_find(chunks.begin(), chunks.end(), std::greater_equal<>()) == chunks.end());
    must(chunks.empty() || chunks.back() < journal_subject().chunk_count);
}

/// What is believed is what would have been written, to the byte.
void check_believed(std::string_view believed, Chunks const& claimed) {
    auto named = named_in_all(believed.substr(storage::journal_header_bytes));
    must(named.size() <= journal_subject().chunk_count);
    must(storage::encode_journal(journal_subject(), named) == believed);
    std::ranges::sort(named);
    named.erase(std::unique(named.begin(), named.end()), named.end());
    must(named == claimed);
}

/// It ends where it has to: at the last chunk that there can be, or before what is no record.
void check_end(std::string_view bytes, std::size_t end) {
    auto const rest = bytes.substr(end, storage::journal_record_bytes);
    auto const records = (end - storage::journal_header_bytes) / storage::journal_record_bytes;
    if (rest.size() < storage::journal_record_bytes || records == journal_subject().chunk_count) {
        return;
    }
    Chunks const next{named_in(rest)};
    must(next[0] >= journal_subject().chunk_count ||
         storage::encode_journal(journal_subject(), next).substr(storage::journal_header_bytes) !=
             rest);
}

void check_written_back(Chunks const& claimed) {
    auto const bytes = storage::encode_journal(journal_subject(), claimed);
    auto const again = storage::parse_journal(bytes, journal_subject());
    must(again && again->chunks == claimed && again->bytes == bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    auto const claims = storage::parse_journal(bytes, journal_subject());
    must(claims.has_value() == bytes.starts_with(storage::encode_journal(journal_subject(), {})));
    if (!claims) {
        return 0;
    }
    must(claims->bytes <= size);
    check_order(claims->chunks);
    check_believed(bytes.substr(0, claims->bytes), claims->chunks);
    check_end(bytes, claims->bytes);
    check_written_back(claims->chunks);
    auto other = journal_subject();
    ++other.inode;
    must(!storage::parse_journal(bytes, other));
    return 0;
}
