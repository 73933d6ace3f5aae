#pragma once

#include "index/read_outcome.hpp"
#include "storage/last_place.hpp"
#include "storage/tree.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/swarm/indexed_file.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <span>
#include <string>

namespace xfsbus::peer::index {

/// Reads files of the share, each checked at every chunk to be still the one that was indexed.
/// Keeps the last ones open, and no more than these: others decide how many files are asked for.
/// One thread at a time.
class ServedFiles {
  public:
    ServedFiles(std::shared_ptr<storage::Tree const> tree, std::size_t open_most)
        : tree_(std::move(tree)), open_most_(open_most) {}

    ReadOutcome read(std::string const& name, swarm::FileStamp const& stamp,
                     std::span<std::byte> buffer, std::uint64_t offset);

    /// Closes all but the files of these names, so that the disk of one that was removed, or that
    /// was unmounted, is let go of.
    void keep_only(std::set<std::string> const& names);

  private:
    struct Open {
        std::string name;
        swarm::FileStamp stamp;
        files::Fd fd;
        bool just_seen = false;  ///< it was found to be that file as it was opened, a moment ago
    };

    Open* open(std::string const& name, swarm::FileStamp const& stamp);
    [[nodiscard]] Result<Open> open_file(std::string const& name, swarm::FileStamp const& stamp);

    std::shared_ptr<storage::Tree const> tree_;
    storage::LastPlace
        last_place_;  ///< small files of one directory are asked for one after the other
    std::size_t open_most_;
    std::list<Open> open_;  ///< the one used last comes first
};

}  // namespace xfsbus::peer::index
