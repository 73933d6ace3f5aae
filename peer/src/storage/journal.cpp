#include "storage/journal.hpp"

#include "storage/sync.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/fnv.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer::storage {
namespace {

constexpr std::uint32_t magic = 0x4a534658;  // "XFSJ" where the low byte comes first
constexpr std::uint32_t version = 2;

struct Header {
    std::uint32_t magic;
    std::uint32_t version;
    JournalSubject subject;
    std::uint64_t check;  ///< of what stands before it
};

/// A record's check sum goes on from the header's, so that one of another journal, left in a
/// block that was used again, is none of this one.
struct Record {
    std::uint64_t chunk;
    std::uint64_t check;
};

// They are written as they stand in memory, which must not hold bytes of no meaning.
static_assert(std::has_unique_object_representations_v<Header>);
static_assert(std::has_unique_object_representations_v<Record>);
static_assert(sizeof(Header) == journal_header_bytes);
static_assert(sizeof(Record) == journal_record_bytes);

template <typename T>
std::string_view view(T const& object) {
    return {reinterpret_cast<char const*>(&object), sizeof object};
}

Header header_of(JournalSubject const& subject) {
    Header header{magic, version, subject, 0};
    header.check = wire::fnv1a(view(header).substr(0, offsetof(Header, check)));
    return header;
}

Record record_of(std::uint64_t header_check, std::uint32_t chunk) {
    Record record{chunk, 0};
    record.check = wire::fnv1a(view(record.chunk), header_check);
    return record;
}

/// What a subject's journal may have at most: each chunk is written once.
std::size_t most_bytes(JournalSubject const& subject) {
    return journal_header_bytes + journal_record_bytes * std::size_t{subject.chunk_count};
}

bool write_whole(int fd, std::string_view bytes, std::uint64_t offset) {
    return files::write_at(fd, std::as_bytes(std::span(bytes)), offset).bytes == bytes.size();
}

}  // namespace

std::array<char, 256> journal_leaf(std::string_view leaf) {
    std::array<char, 256> padded{};
    std::copy_n(leaf.begin(), std::min(leaf.size(), padded.size() - 1), padded.begin());
    return padded;
}

std::optional<JournalReport> report_of_journal(std::string_view bytes) {
    Header found{};
    if (bytes.size() < sizeof found) {
        return std::nullopt;
    }
    std::memcpy(&found, bytes.data(), sizeof found);
    found.subject.leaf.back() = '\0';
    auto const claims = parse_journal(bytes, found.subject);
    return claims ? std::optional(JournalReport{found.subject, claims->chunks.size()})
                  : std::nullopt;
}

std::string encode_journal(JournalSubject const& subject, std::span<std::uint32_t const> chunks) {
    auto const header = header_of(subject);
    std::string bytes(view(header));
    bytes.reserve(bytes.size() + chunks.size() * journal_record_bytes);
    for (auto const chunk : chunks) {
        auto const record = record_of(header.check, chunk);
        bytes += view(record);
    }
    return bytes;
}

std::optional<JournalClaims> parse_journal(std::string_view bytes, JournalSubject const& subject) {
    auto const header = header_of(subject);
    if (!bytes.starts_with(view(header))) {
        return std::nullopt;
    }
    JournalClaims claims{{}, journal_header_bytes};
    bytes = bytes.substr(0, most_bytes(subject));
    while (bytes.size() - claims.bytes >= journal_record_bytes) {
        Record found{};
        std::memcpy(&found, bytes.data() + claims.bytes, sizeof found);
        auto const chunk = static_cast<std::uint32_t>(found.chunk);
        if (chunk >= subject.chunk_count || view(found) != view(record_of(header.check, chunk))) {
            break;
        }
        claims.chunks.push_back(chunk);
        claims.bytes += journal_record_bytes;
    }
    std::ranges::sort(claims.chunks);
    claims.chunks.erase(std::unique(claims.chunks.begin(), claims.chunks.end()),
                        claims.chunks.end());
    return claims;
}

Journal::Journal(Place place, JournalSubject const& subject)
    : place_(std::move(place)), subject_(subject), check_(header_of(subject).check) {}

std::optional<std::vector<std::uint32_t>> Journal::load() {
    // O_NONBLOCK: opening a FIFO must not hang.
    files::Fd fd(files::openat(place_.directory->get(), place_.leaf.c_str(),
                               O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));

    struct stat status {};

    // With a second name it may be somebody's file, which is not ours to append to.
    if (!fd || files::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_nlink != 1) {
        return std::nullopt;
    }
    auto const size = static_cast<std::uint64_t>(status.st_size);
    std::string bytes(std::min<std::uint64_t>(size, most_bytes(subject_)), '\0');
    bytes.resize(files::read_at(fd.get(), std::as_writable_bytes(std::span(bytes)), 0).bytes);
    auto claims = parse_journal(bytes, subject_);
    if (!claims) {
        return std::nullopt;
    }
    if (claims->bytes == size) {
        claimed_ = claims->chunks;
        fd_ = std::move(fd);
        usable_ = true;
    }
    return std::move(claims->chunks);
}

void Journal::begin(std::vector<std::uint32_t> const& chunks) {
    if (std::exchange(claimed_, std::nullopt) == chunks) {
        return;
    }
    remove();
    fd_ = files::Fd(files::openat(place_.directory->get(), place_.leaf.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    auto const journal = encode_journal(subject_, chunks);
    auto const bytes = std::string_view(journal);
    // The header last: a run that is killed here leaves a journal that claims nothing, so that the
    // file is read, and not one that claims too little.
    usable_ = fd_ &&
              write_whole(fd_.get(), bytes.substr(journal_header_bytes), journal_header_bytes) &&
              write_whole(fd_.get(), bytes.substr(0, journal_header_bytes), 0) &&
              ::fcntl(fd_.get(), F_SETFL, O_APPEND) == 0;
    if (!usable_) {
        remove();
    }
}

/// One write() with O_APPEND for each record: on a regular file the kernel holds the inode's lock
/// from looking for the end until it has written there, so that records of several threads neither
/// meet nor mix. A record that cannot be written, because the disk is full, ends the journal: it
/// would claim too little from here on, and the next run is to read everything instead.
void Journal::append(std::uint32_t chunk) {
    if (!usable_) {
        return;
    }
    auto const record = record_of(check_, chunk);
    if (files::write(fd_.get(), &record, sizeof record) != ssize_t{sizeof record}) {
        remove();
    }
}

int Journal::sync() {
    return usable_ ? sync_data(fd_.get()) : 0;
}

void Journal::remove() {
    usable_ = false;
    files::unlinkat(place_.directory->get(), place_.leaf.c_str(), 0);
}

}  // namespace xfsbus::peer::storage
