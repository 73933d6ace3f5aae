#include "name_index.hpp"

#include "catalogue.hpp"

namespace xfsbus::tracker {

NameIndex::Entry* NameIndex::find(std::string_view name) const {
    auto const hash = static_cast<std::uint32_t>(hash_(name));
    auto* entry = buckets_[bucket_of(hash)];
    while (entry != nullptr && (entry->second.name_hash != hash || entry->first.name != name)) {
        entry = entry->second.next_in_bucket;
    }
    return entry;
}

void NameIndex::add(Entry& entry) {
    entry.second.name_hash = static_cast<std::uint32_t>(hash_(entry.first.name));
    auto& bucket = buckets_[bucket_of(entry.second.name_hash)];
    entry.second.next_in_bucket = std::exchange(bucket, &entry);
    if (++count_ > buckets_.size()) {
        split();
    }
}

void NameIndex::replace(Entry& entry, Entry& other) {
    other.second.name_hash = entry.second.name_hash;
    other.second.next_in_bucket = std::exchange(entry.second.next_in_bucket, nullptr);
    *link_to(entry) = &other;
}

void NameIndex::remove(Entry& entry) {
    *link_to(entry) = std::exchange(entry.second.next_in_bucket, nullptr);
    --count_;
    while (count_ < buckets_.size() / 2) {  // once or twice
        merge();
    }
}

/// Those below buckets_.size() - base_ have been split already: of their hashes one more bit
/// counts.
std::size_t NameIndex::bucket_of(std::uint32_t hash) const {
    std::size_t const bucket = hash & (2 * base_ - 1);
    return bucket < buckets_.size() ? bucket : bucket - base_;
}

NameIndex::Entry** NameIndex::link_to(Entry const& entry) {
    auto** link = &buckets_[bucket_of(entry.second.name_hash)];
    while (*link != &entry) {
        link = &(*link)->second.next_in_bucket;
    }
    return link;
}

/// One bucket more, with a part of what another had.
void NameIndex::split() {
    auto* const chain = std::exchange(buckets_[buckets_.size() - base_], nullptr);
    buckets_.push_back(nullptr);
    spread(chain);
    if (buckets_.size() == 2 * base_) {
        base_ *= 2;
    }
}

/// One bucket less: the last one's entries go back to where they came from.
void NameIndex::merge() {
    if (buckets_.size() == base_) {
        base_ /= 2;
    }
    auto* const chain = buckets_.back();
    buckets_.pop_back();
    spread(chain);
}

/// Puts each entry of a chain into the bucket that is its own now.
void NameIndex::spread(Entry* chain) {
    while (chain != nullptr) {
        auto& bucket = buckets_[bucket_of(chain->second.name_hash)];
        auto* const next = std::exchange(chain->second.next_in_bucket, bucket);
        bucket = std::exchange(chain, next);
    }
}

}  // namespace xfsbus::tracker
