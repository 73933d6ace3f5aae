#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// Of many items that are offered one after the other, those of the lowest keys: one pass, and
/// little more than one comparison for each.
template <class Key, class Item>
class Lowest {
  public:
    struct Keyed {
        Key key{};
        Item item{};
    };

    static bool by_key(Keyed const& a, Keyed const& b) { return a.key < b.key; }

    explicit Lowest(std::size_t most) : most_(most) {}

    void offer(Key const& key, Item const& item) {
        ++offered_;
        if (kept_.size() == most_) {
            if (kept_.empty() || !(key < kept_.front().key)) {
                return;
            }
            std::pop_heap(kept_.begin(), kept_.end(), by_key);
            kept_.pop_back();
        }
        kept_.push_back({key, item});
        std::push_heap(kept_.begin(), kept_.end(), by_key);
    }

    [[nodiscard]] std::size_t offered() const { return offered_; }

    /// So many at most, the lowest first.
    [[nodiscard]] std::vector<Keyed> take(std::size_t count) && {
        std::sort_heap(kept_.begin(), kept_.end(), by_key);
        kept_.resize(std::min(count, kept_.size()));
        return std::move(kept_);
    }

  private:
    std::size_t most_;
    std::size_t offered_ = 0;
    std::vector<Keyed> kept_;  ///< a heap, the highest first
};

}  // namespace xfsbus::policies
