#pragma once

#include <xfsbus/swarm/indexed_file.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace xfsbus::swarm {

/// Which files have a content: the first by its name, and all of them. An open table of one slot a
/// content, as nearly every file has a content of its own and a share may have millions of them.
/// What it points to must stay where it is, and keep its content and its name, until erase().
class ContentIndex {
  public:
    /// `salt`: something that nobody knows, so that no stranger can make up contents that collide.
    explicit ContentIndex(std::uint64_t salt) : salt_(salt) {}

    void insert(IndexedFile const& file);
    /// It must have been inserted.
    void erase(IndexedFile const& file);

    /// nullptr if there is none.
    [[nodiscard]] IndexedFile const* first(wire::ContentId const& content) const;
    /// The first of them, in order.
    [[nodiscard]] std::vector<IndexedFile const*> all(wire::ContentId const& content,
                                                      std::size_t most) const;

  private:
    struct Slot {
        std::uint64_t hash = 0;
        IndexedFile const* first = nullptr;  ///< nullptr: the slot is free
    };

    struct ByName {
        bool operator()(IndexedFile const* a, IndexedFile const* b) const {
            return a->name < b->name;
        }
    };

    /// Ordered, since thousands of files may have one content: the empty one.
    using Files = std::set<IndexedFile const*, ByName>;

    [[nodiscard]] std::uint64_t hash(wire::ContentId const& content) const;

    [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }

    [[nodiscard]] std::size_t next(std::size_t slot) const { return home(slot + 1); }

    [[nodiscard]] std::size_t slot_of(wire::ContentId const& content, std::uint64_t hash) const;
    void grow();
    void put(Slot const& slot);
    void free(std::size_t slot);

    std::uint64_t salt_;
    std::vector<Slot> slots_ = std::vector<Slot>(16);  ///< a power of two, never more than 3/4 used
    std::size_t used_ = 0;
    std::map<wire::ContentId, Files> others_;  ///< all but the first
};

}  // namespace xfsbus::swarm
