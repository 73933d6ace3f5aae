#pragma once

#include "keyed_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>

namespace xfsbus::tracker {

struct Position;
struct VersionState;

/// Finds the first version of a name with a few looks at memory, where a walk through the tree of
/// names takes dozens. It grows and shrinks by one bucket at a time (linear hashing), so that no
/// event pays for all names. Refers to entries, which hold the links of its chains.
class NameIndex {
  public:
    using Entry = std::pair<Position const, VersionState>;

    explicit NameIndex(KeyedHash::Key const& key) : hash_(key) {}

    /// nullptr: there is none.
    [[nodiscard]] Entry* find(std::string_view name) const;

    /// No entry has this name.
    void add(Entry& entry);
    /// Another of the same name takes its place.
    void replace(Entry& entry, Entry& other);
    void remove(Entry& entry);

    [[nodiscard]] std::size_t buckets() const { return buckets_.size(); }

  private:
    [[nodiscard]] std::size_t bucket_of(std::uint32_t hash) const;
    /// What points to the entry in its chain.
    [[nodiscard]] Entry** link_to(Entry const& entry);
    void split();
    void merge();
    void spread(Entry* chain);

    KeyedHash hash_;
    std::deque<Entry*> buckets_{nullptr};  ///< a chain each; never empty
    std::size_t base_ = 1;                 ///< a power of two: base_ <= buckets_.size() < 2 * base_
    std::size_t count_ = 0;
};

}  // namespace xfsbus::tracker
