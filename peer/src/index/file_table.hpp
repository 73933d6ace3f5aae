#pragma once

#include "index/change_batch.hpp"
#include "index/hash_cache.hpp"
#include "index/share_index.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer::index {

/// The files whose content is known: those of the share, and those that the cache remembers but
/// that have not been seen yet. Keeps the cache and the batch of changes in step.
class FileTable {
  public:
    struct Entry {
        swarm::FileStamp stamp;
        wire::ContentId content;
        std::shared_ptr<std::string const> manifest;
        std::uint64_t walk = 0;  ///< the last walk that saw it
        bool reported = false;
    };

    FileTable(HashCache& cache, ChangeBatch& batch) : cache_(cache), batch_(batch) {}

    /// Takes what the cache remembers, unless more is known of it already. In the order of names.
    void remember(std::vector<swarm::IndexedFile> files);

    /// nullptr if it is not known.
    Entry* find(std::string_view name);

    /// Seen as it is known: reported, if it is not yet.
    void confirm(std::string const& name, Entry& entry);
    /// `lasting`: the stamp can be trusted across restarts.
    void put(swarm::IndexedFile file, bool lasting);
    void drop(std::string const& name);
    void drop_below(std::string const& directory);
    /// Nothing of it can be had now: reported as removed, but still known, so that what is found
    /// again as it was need not be read.
    void withdraw();

    /// From here on files are seen by a walk over the whole directory; what it does not see until
    /// end_walk() is dropped.
    void begin_walk();
    void end_walk();
    void seen(Entry& entry);

    [[nodiscard]] std::uint64_t files() const { return files_; }

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    struct Hash {
        using is_transparent = void;

        std::size_t operator()(std::string_view leaf) const {
            return std::hash<std::string_view>()(leaf);
        }
    };

    /// The files of one directory, by the last part of their names.
    using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
    /// Ordered, so that all below a directory stand together.
    using Directories = std::map<std::string, Entries, std::less<>>;

    Directories::iterator directory_of(std::string_view directory);
    Directories::iterator made_directory_of(std::string_view directory);
    Directories::iterator forget_if_empty(Directories::iterator directory);
    void report(std::string const& name, Entry& entry, bool known);
    Entries::iterator drop(Directories::iterator directory, Entries::iterator it);
    template <typename IsGone>
    Directories::iterator drop_if(Directories::iterator directory, IsGone is_gone);

    HashCache& cache_;
    ChangeBatch& batch_;
    Directories directories_;
    Directories::iterator last_ = directories_.end();  ///< names come directory by directory
    std::uint64_t walk_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t seen_ = 0;   // by this walk
    std::uint64_t files_ = 0;  // reported ones
    std::uint64_t bytes_ = 0;
};

}  // namespace xfsbus::peer::index
