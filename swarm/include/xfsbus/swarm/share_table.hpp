#pragma once

#include <xfsbus/swarm/content_index.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::swarm {

/// A file that is being fetched, and offered as far as it is here.
struct PartialFile {
    std::string name;
    wire::ContentId content;
    std::uint64_t size = 0;
    std::uint32_t have_ppm = 0;
    std::shared_ptr<std::string const> manifest;  ///< canonical bytes
};

/// What the tracker is told of it.
inline wire::FileEntry entry_of(IndexedFile const& file) {
    return {file.name, file.content, file.stamp.size, wire::complete_ppm};
}

inline wire::FileEntry entry_of(PartialFile const& file) {
    return {file.name, file.content, file.size, file.have_ppm};
}

/// The files that this peer offers, by name and by content. A plain table; the index fills it, and
/// downloads add what they have of theirs. A name that a whole file has is no partial file's.
class ShareTable {
  public:
    struct ByName {
        using is_transparent = void;

        static std::string_view key(IndexedFile const& file) { return file.name; }

        static std::string_view key(std::string_view name) { return name; }

        bool operator()(auto const& a, auto const& b) const { return key(a) < key(b); }
    };

    using Files = std::set<IndexedFile, ByName>;

    /// `salt`: a random number.
    explicit ShareTable(std::uint64_t salt = 0) : contents_(salt) {}

    /// Takes the place of a partial file of this name. nullptr if it stood here as it is.
    IndexedFile const* put(IndexedFile file);
    /// False if a whole file has the name.
    bool put_partial(PartialFile file);
    void remove_partial(std::string const& name);
    /// False if there was none of that name.
    bool remove(std::string const& name);

    [[nodiscard]] IndexedFile const* by_name(std::string_view name) const;
    /// The first of the files with this content.
    [[nodiscard]] IndexedFile const* by_content(wire::ContentId const& content) const;
    /// Up to `most` files with this content.
    [[nodiscard]] std::vector<IndexedFile const*> all_by_content(wire::ContentId const& content,
                                                                 std::size_t most) const;
    /// The manifest of this content, also if only a part of it is here; null if there is none.
    [[nodiscard]] std::string const* manifest(wire::ContentId const& content) const;
    /// Up to `most` files whose names follow this one, partial ones too, in order.
    [[nodiscard]] std::vector<wire::FileEntry> after(std::string const& name,
                                                     std::size_t most) const;

    [[nodiscard]] std::size_t size() const { return files_.size(); }

    [[nodiscard]] Files const& files() const { return files_; }

  private:
    [[nodiscard]] Files::iterator place_for(std::string const& name);
    void forget(Files::iterator file);

    Files files_;
    Files::iterator last_ = files_.end();  ///< put; names come in their order, mostly
    std::map<std::string, PartialFile> partial_;
    ContentIndex contents_;  ///< of files_
};

}  // namespace xfsbus::swarm
