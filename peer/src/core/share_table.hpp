#pragma once

#include "core/indexed_file.hpp"

#include <xfsbus/wire/messages.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer {

/// The files that this peer offers, by name and by content. A plain table; the index fills it.
class ShareTable {
  public:
    void put(IndexedFile file);
    /// False if there was none of that name.
    bool remove(std::string const& name);

    [[nodiscard]] IndexedFile const* by_name(std::string const& name) const;
    /// Any file with this content.
    [[nodiscard]] IndexedFile const* by_content(wire::ContentId const& content) const;
    /// Up to `most` files whose names follow this one, in order.
    [[nodiscard]] std::vector<wire::FileEntry> after(std::string const& name,
                                                     std::size_t most) const;

    [[nodiscard]] std::size_t size() const { return files_.size(); }

    [[nodiscard]] std::map<std::string, IndexedFile> const& files() const { return files_; }

    static wire::FileEntry entry_of(IndexedFile const& file) {
        return {file.name, file.content, file.stamp.size, wire::complete_ppm};
    }

  private:
    std::map<std::string, IndexedFile> files_;
    /// Ordered by both, since thousands of files may have one content: the empty one.
    std::set<std::pair<wire::ContentId, std::string>> names_;
};

}  // namespace xfsbus::peer
