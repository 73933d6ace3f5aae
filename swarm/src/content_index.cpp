#include <xfsbus/swarm/content_index.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace xfsbus::swarm {

/// Contents are hashes already.
std::uint64_t ContentIndex::hash(wire::ContentId const& content) const {
    std::uint64_t hash = 0;
    std::memcpy(&hash, content.bytes.data(), sizeof hash);
    // Multiplied, so that what is taken of it depends on every bit of the salt.
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15;
    hash = (hash ^ salt_) * odd;
    return hash ^ (hash >> 32);
}

/// Where it is, or the free slot where it belongs.
std::size_t ContentIndex::slot_of(wire::ContentId const& content, std::uint64_t hash) const {
    auto slot = home(hash);
    while (slots_[slot].first != nullptr &&
           (slots_[slot].hash != hash || slots_[slot].first->content != content)) {
        slot = next(slot);
    }
    return slot;
}

void ContentIndex::insert(IndexedFile const& file) {
    auto const key = hash(file.content);
    auto& slot = slots_[slot_of(file.content, key)];
    if (slot.first == nullptr) {
        slot = {key, &file};
        ++used_;
        grow();
        return;
    }
    auto const* later = &file;
    if (ByName()(later, slot.first)) {
        std::swap(later, slot.first);
    }
    others_[file.content].insert(later);
}

void ContentIndex::erase(IndexedFile const& file) {
    auto const place = slot_of(file.content, hash(file.content));
    auto& slot = slots_[place];
    auto const others = others_.find(file.content);
    if (others == others_.end()) {
        return free(place);
    }
    auto& rest = others->second;
    if (slot.first == &file) {
        slot.first = rest.extract(rest.begin()).value();
    } else {
        rest.erase(&file);
    }
    if (rest.empty()) {
        others_.erase(others);
    }
}

/// What was put behind it for want of room moves up, so that a free slot ends every search.
void ContentIndex::free(std::size_t slot) {
    --used_;
    for (auto later = next(slot); slots_[later].first != nullptr; later = next(later)) {
        bool const stays = home(later - home(slots_[later].hash)) < home(later - slot);
        if (!stays) {
            slots_[slot] = slots_[later];
            slot = later;
        }
    }
    slots_[slot] = {};
}

void ContentIndex::grow() {
    if (used_ * 4 <= slots_.size() * 3) {
        return;
    }
    auto const old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    std::ranges::for_each(old, [this](Slot const& slot) { put(slot); });
}

void ContentIndex::put(Slot const& slot) {
    if (slot.first == nullptr) {
        return;
    }
    auto place = home(slot.hash);
    while (slots_[place].first != nullptr) {
        place = next(place);
    }
    slots_[place] = slot;
}

IndexedFile const* ContentIndex::first(wire::ContentId const& content) const {
    return slots_[slot_of(content, hash(content))].first;
}

std::vector<IndexedFile const*> ContentIndex::all(wire::ContentId const& content,
                                                  std::size_t most) const {
    std::vector<IndexedFile const*> all;
    if (auto const* const file = first(content); file != nullptr && most > 0) {
        all.push_back(file);
    }
    if (auto const others = others_.find(content); others != others_.end() && !all.empty()) {
        auto const count = std::min(most - 1, others->second.size());
        std::copy_n(others->second.begin(), count, std::back_inserter(all));
    }
    return all;
}

}  // namespace xfsbus::swarm
