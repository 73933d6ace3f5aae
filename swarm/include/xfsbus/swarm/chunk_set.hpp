#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::swarm {

/// Calls visit(chunk) for each bit of a ChunkSet's word.
template <typename Visit>
void visit_chunks(std::size_t index, std::uint64_t word, Visit& visit) {
    for (; word != 0; word &= word - 1) {
        visit(static_cast<std::uint32_t>(index * 64) +
              static_cast<std::uint32_t>(std::countr_zero(word)));
    }
}

/// Some of the chunks of one file: a set of small numbers that knows its size.
class ChunkSet {
  public:
    ChunkSet() = default;

    /// Of a file with so many chunks; empty.
    explicit ChunkSet(std::uint32_t chunks) : chunks_(chunks), words_((chunks + 63) / 64) {}

    static ChunkSet full(std::uint32_t chunks) {
        ChunkSet all(chunks);
        for (auto& word : all.words_) {
            word = ~std::uint64_t{0};
        }
        if (chunks % 64 != 0) {
            all.words_.back() = (std::uint64_t{1} << (chunks % 64)) - 1;
        }
        all.count_ = chunks;
        return all;
    }

    /// The bitmap of a Have (PROTOCOL.md, "Have"). nullopt if it is not one of so many chunks.
    static std::optional<ChunkSet> from_wire(std::string_view bitmap, std::uint32_t chunks);
    [[nodiscard]] std::string to_wire() const;

    [[nodiscard]] std::uint32_t chunks() const { return chunks_; }

    [[nodiscard]] std::uint32_t count() const { return count_; }

    [[nodiscard]] bool empty() const { return count_ == 0; }

    [[nodiscard]] bool complete() const { return count_ == chunks_; }

    [[nodiscard]] bool contains(std::uint32_t chunk) const {
        return chunk < chunks_ && (words_[chunk / 64] >> (chunk % 64) & 1) != 0;
    }

    /// False if it was there. `chunk` must be one of the file's.
    bool insert(std::uint32_t chunk) {
        bool const is_new = !contains(chunk);
        words_[chunk / 64] |= std::uint64_t{1} << (chunk % 64);
        count_ += is_new ? 1 : 0;
        return is_new;
    }

    /// False if it was not there.
    bool erase(std::uint32_t chunk) {
        bool const there = contains(chunk);
        if (there) {
            words_[chunk / 64] &= ~(std::uint64_t{1} << (chunk % 64));
            --count_;
        }
        return there;
    }

    /// Adds all that the other one, of the same file, has.
    void unite(ChunkSet const& other) {
        count_ = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] |= other.words_[i];
            count_ += static_cast<std::uint32_t>(std::popcount(words_[i]));
        }
    }

    /// Calls visit(chunk) for each, in order.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            visit_chunks(i, words_[i], visit);
        }
    }

    /// The chunks as bits, 64 a word, the first of them lowest; no bit beyond the file's end.
    [[nodiscard]] std::vector<std::uint64_t> const& words() const { return words_; }

    /// Memory that one of a file with so many chunks takes.
    static std::size_t bytes_of(std::uint32_t chunks) {
        return (std::size_t{chunks} + 63) / 64 * sizeof(std::uint64_t);
    }

    friend bool operator==(ChunkSet const&, ChunkSet const&) = default;

  private:
    std::uint32_t chunks_ = 0;
    std::uint32_t count_ = 0;
    std::vector<std::uint64_t> words_;
};

// ---- of two sets of chunks of one file ----

/// Calls visit(chunk) for each that is in both, in order.
template <typename Visit>
void for_each_common(ChunkSet const& a, ChunkSet const& b, Visit visit) {
    for (std::size_t i = 0; i < a.words().size(); ++i) {
        visit_chunks(i, a.words()[i] & b.words()[i], visit);
    }
}

/// For each that `set` has and `other` has not.
template <typename Visit>
void for_each_not_in(ChunkSet const& other, ChunkSet const& set, Visit visit) {
    for (std::size_t i = 0; i < set.words().size(); ++i) {
        visit_chunks(i, set.words()[i] & ~other.words()[i], visit);
    }
}

inline bool intersect(ChunkSet const& a, ChunkSet const& b) {
    for (std::size_t i = 0; i < a.words().size(); ++i) {
        if ((a.words()[i] & b.words()[i]) != 0) {
            return true;
        }
    }
    return false;
}

/// How many are in one and not in the other.
inline std::uint32_t differences(ChunkSet const& a, ChunkSet const& b) {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < a.words().size(); ++i) {
        count += static_cast<std::uint32_t>(std::popcount(a.words()[i] ^ b.words()[i]));
    }
    return count;
}

}  // namespace xfsbus::swarm
