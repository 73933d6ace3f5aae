#include "storage/temporary.hpp"

#include <xfsbus/wire/fnv.hpp>

#include <algorithm>

namespace xfsbus::peer::storage {
namespace {

constexpr std::string_view part_end = ".part";
constexpr std::string_view journal_end = ".journal";
constexpr std::string_view claim_end = ".claim";
constexpr std::string_view begin = ".xfs-";
constexpr std::size_t hash_digits = 16;

std::string stem_of(wire::ContentId const& content, std::string_view final_leaf) {
    auto const hash = wire::fnv1a(final_leaf);
    std::string name_hash;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        name_hash += static_cast<char>(static_cast<unsigned char>(hash >> shift));
    }
    return std::string(begin) + wire::to_hex(content.view().substr(0, hash_digits / 2)) + "-" +
           wire::to_hex(name_hash);
}

bool is_hash(std::string_view text) {
    return text.size() == hash_digits &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_stem(std::string_view text) {
    return text.starts_with(begin) && text.size() == begin.size() + 2 * hash_digits + 1 &&
           is_hash(text.substr(begin.size(), hash_digits)) &&
           text[begin.size() + hash_digits] == '-' &&
           is_hash(text.substr(begin.size() + hash_digits + 1));
}

}  // namespace

TemporaryNames::TemporaryNames(wire::ContentId const& content, std::string_view final_leaf)
    : part(stem_of(content, final_leaf)) {
    journal = part + std::string(journal_end);
    claim = part + std::string(claim_end);
    part += part_end;
}

TemporaryNames::TemporaryNames(std::string_view part_leaf) : part(part_leaf) {
    auto const stem = part.substr(0, part.size() - part_end.size());
    journal = stem + std::string(journal_end);
    claim = stem + std::string(claim_end);
}

Temporary temporary_kind(std::string_view leaf) {
    auto const is = [leaf](std::string_view end) {
        return leaf.ends_with(end) && is_stem(leaf.substr(0, leaf.size() - end.size()));
    };
    return is(part_end)      ? Temporary::part
           : is(journal_end) ? Temporary::journal
           : is(claim_end)   ? Temporary::claim
                             : Temporary::none;
}

}  // namespace xfsbus::peer::storage
