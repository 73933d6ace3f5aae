#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// A map as std::map is, walked in the order of its keys, whose values stay where they are. The
/// keys stand side by side: so a search touches little memory, which counts where there are many
/// tables, each of them looked at seldom. To insert and to erase moves the keys behind: it is for
/// tables of up to some thousands that change seldom. An iterator stands until either is done.
template <typename Key, typename Value>
class SortedTable {
  public:
    using value_type = std::pair<Key const, Value>;

  private:
    using Owned = std::unique_ptr<value_type>;

    template <typename Entry>
    class Walk {
      public:
        using iterator_category = std::bidirectional_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = std::remove_const_t<Entry>;
        using pointer = Entry*;
        using reference = Entry&;

        Walk() = default;

        explicit Walk(Owned const* at) : at_(at) {}

        /// As an iterator becomes a const_iterator.
        template <typename Other>

        requires(std::is_const_v<Entry> && !std::is_const_v<Other>) Walk(Walk<Other> const& other)
            : at_(other.owned()) {}

        reference operator*() const { return **at_; }

        pointer operator->() const { return at_->get(); }

        Walk& operator++() {
            ++at_;
            return *this;
        }

        Walk operator++(int) { return std::exchange(*this, Walk(at_ + 1)); }

        Walk& operator--() {
            --at_;
            return *this;
        }

        Walk operator--(int) { return std::exchange(*this, Walk(at_ - 1)); }

        friend bool operator==(Walk const&, Walk const&) = default;

        [[nodiscard]] Owned const* owned() const { return at_; }

      private:
        Owned const* at_ = nullptr;
    };

  public:
    using iterator = Walk<value_type>;
    using const_iterator = Walk<value_type const>;

    [[nodiscard]] iterator begin() { return iterator(entries_.data()); }

    [[nodiscard]] const_iterator begin() const { return const_iterator(entries_.data()); }

    [[nodiscard]] iterator end() { return iterator(entries_.data() + entries_.size()); }

    [[nodiscard]] const_iterator end() const {
        return const_iterator(entries_.data() + entries_.size());
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    [[nodiscard]] bool empty() const { return entries_.empty(); }

    [[nodiscard]] iterator find(Key const& key) { return iterator(owned(key)); }

    [[nodiscard]] const_iterator find(Key const& key) const { return const_iterator(owned(key)); }

    [[nodiscard]] bool contains(Key const& key) const { return find(key) != end(); }

    /// There must be one.
    [[nodiscard]] Value& at(Key const& key) { return find(key)->second; }

    /// As std::map's: the entry, and whether it was made of these, since there was none.
    template <typename... Args>
    std::pair<iterator, bool> try_emplace(Key const& key, Args&&... args) {
        auto const place = place_of(key);
        bool const is_new = place == keys_.size() || key < keys_[place];
        if (is_new) {
            auto const offset = static_cast<std::ptrdiff_t>(place);
            auto made =
                std::make_unique<value_type>(std::piecewise_construct, std::forward_as_tuple(key),
                                             std::forward_as_tuple(std::forward<Args>(args)...));
            entries_.insert(entries_.begin() + offset, std::move(made));
            keys_.insert(keys_.begin() + offset, key);
        }
        return {iterator(entries_.data() + place), is_new};
    }

    Value& operator[](Key const& key) { return try_emplace(key).first->second; }

    void erase(iterator which) {
        auto const offset = which.owned() - entries_.data();
        keys_.erase(keys_.begin() + offset);
        entries_.erase(entries_.begin() + offset);
    }

    /// False: there was none.
    bool erase(Key const& key) {
        auto const found = find(key);
        bool const there = found != end();
        if (there) {
            erase(found);
        }
        return there;
    }

    void clear() {
        keys_.clear();
        entries_.clear();
    }

  private:
    [[nodiscard]] std::size_t place_of(Key const& key) const {
        return static_cast<std::size_t>(std::ranges::lower_bound(keys_, key) - keys_.begin());
    }

    /// The end, if there is none.
    [[nodiscard]] Owned const* owned(Key const& key) const {
        auto const place = place_of(key);
        bool const there = place < keys_.size() && !(key < keys_[place]);
        return entries_.data() + (there ? place : entries_.size());
    }

    std::vector<Key> keys_;
    std::vector<Owned> entries_;
};

}  // namespace xfsbus::swarm
