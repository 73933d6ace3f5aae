#pragma once

#include "share/change_batch.hpp"
#include "share/hash_cache.hpp"
#include "share/share_index.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace xfsbus::peer {

/// The files whose content is known: those of the share, and those that the cache remembers but
/// that have not been seen yet. Keeps the cache and the batch of changes in step.
class FileTable {
  public:
    struct Entry {
        FileStamp stamp;
        wire::ContentId content;
        std::shared_ptr<std::string const> manifest;
        std::uint64_t walk = 0;  ///< the last walk that saw it
        bool reported = false;
    };

    FileTable(HashCache& cache, ChangeBatch& batch) : cache_(cache), batch_(batch) {}

    /// Takes what the cache remembers; in the order of the names.
    void remember(IndexedFile file);

    /// nullptr if it is not known.
    Entry* find(std::string const& name);

    /// Seen as it is known: reported, if it is not yet.
    void confirm(std::string const& name, Entry& entry);
    /// `lasting`: the stamp can be trusted across restarts.
    void put(IndexedFile file, bool lasting);
    void drop(std::string const& name);
    void drop_below(std::string const& directory);
    /// Nothing of it can be had now: reported as removed, but still known, so that what is found
    /// again as it was need not be read.
    void withdraw();

    /// From here on files are seen by a walk over the whole directory; what it does not see until
    /// end_walk() is dropped.
    void begin_walk() { ++walk_; }

    void end_walk();

    void seen(Entry& entry) const { entry.walk = walk_; }

    [[nodiscard]] std::uint64_t files() const { return files_; }

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    using Entries = std::map<std::string, Entry>;

    void report(std::string const& name, Entry& entry, bool known);
    Entries::iterator drop(Entries::iterator it);

    HashCache& cache_;
    ChangeBatch& batch_;
    Entries entries_;  // ordered, so that all below a directory stand together
    std::uint64_t walk_ = 0;
    std::uint64_t files_ = 0;  // reported ones
    std::uint64_t bytes_ = 0;
};

}  // namespace xfsbus::peer
