#pragma once

#include "memory.hpp"
#include "name_index.hpp"

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::tracker {

/// A name and one content it stands for; also a place in the order of either index.
struct Position {
    std::string name;
    wire::ContentId content;
};

/// The same without owning the name.
struct PositionView {
    std::string_view name;
    wire::ContentId content;

    PositionView(std::string_view its_name, wire::ContentId const& its_content)
        : name(its_name), content(its_content) {}

    PositionView(Position const& position) : name(position.name), content(position.content) {}
};

struct ByName {
    using is_transparent = void;
    bool operator()(PositionView const& a, PositionView const& b) const;
};

struct Source {
    Slot peer = 0;
    std::uint32_t have_ppm = 0;
};

/// What is known of one version of one name.
struct VersionState {
    /// As the first source said. A content id stands for one size: who says another lies, and is
    /// found out when its manifest is checked.
    std::uint64_t size = 0;
    Slot payer = 0;               ///< the source whose memory it is counted as
    std::uint32_t name_hash = 0;  ///< of the NameIndex, as long as that refers to it
    NameIndex::Entry* next_in_bucket = nullptr;
    NameIndex::Entry* next_of_name = nullptr;  ///< in the order of content ids
    std::vector<Source> sources;               ///< ordered by peer, never empty
};

using Versions = std::map<Position, VersionState, ByName>;
/// Valid as long as the version has a source.
using Version = Versions::iterator;

/// A version's place in the order of content ids. These are random, so each step of a search is in
/// memory that nobody has looked at lately: the first bytes of the id stand here, and the version
/// is hardly ever looked at to find its neighbours.
struct ContentPlace {
    std::uint64_t begin;  ///< of the content id, ordered as its bytes are
    Version version;
};

struct ByContent {
    using is_transparent = void;
    bool operator()(PositionView const& a, PositionView const& b) const;
    bool operator()(ContentPlace const& a, ContentPlace const& b) const;
    bool operator()(ContentPlace const& a, PositionView const& b) const;
    bool operator()(PositionView const& a, ContentPlace const& b) const;
};

template <typename Key, typename Order>
class ChangeLog;
using FileLog = ChangeLog<Position, ByName>;

/// Which peers have which versions of which names, ordered by name and by content id.
class Catalogue {
  public:
    using ContentIndex = std::set<ContentPlace, ByContent>;

    /// What a source of a version takes: its place in the version and in its peer's list.
    static constexpr std::size_t source_bytes = 80;
    /// What a version takes beside its name: its places in the three indexes.
    static constexpr std::size_t version_overhead = 256;

    static std::size_t version_bytes(std::string const& name) {
        return version_overhead + name.size();
    }

    /// The memory must outlive the catalogue, and know each peer that becomes a source; so must
    /// the log, which is told whenever another number of peers has all, or a part, of a version.
    /// key: random, and known to nobody else.
    Catalogue(Memory& memory, FileLog& log, KeyedHash::Key const& key)
        : memory_(memory), log_(log), names_(key) {}

    /// Makes the peer a source of this file, or changes how much of it it has. `before`: one whose
    /// name probably stands just before; found without a search if it is so.
    Version add(wire::FileEntry const& file, Slot peer, std::optional<Version> before = {});
    /// The peer is no longer a source; the last one takes the version along.
    void remove(Version version, Slot peer);

    [[nodiscard]] bool contains(PositionView const& file) const {
        return versions_.find(file) != versions_.end();
    }

    /// The first version of this name, from which VersionState::next_of_name leads to the others;
    /// nullptr if there is none. Far quicker than by_name().
    [[nodiscard]] Versions::value_type const* first_of(std::string_view name) const {
        return names_.find(name);
    }

    [[nodiscard]] Versions const& by_name() const { return versions_; }

    [[nodiscard]] ContentIndex const& by_content() const { return contents_; }

  private:
    [[nodiscard]] Version place_for(PositionView const& file, std::optional<Version> before);
    void note(Version version) const;
    void link(Version version);
    void unlink(Version version);
    [[nodiscard]] Versions::value_type* before(Version version) const;

    Memory& memory_;
    FileLog& log_;
    Versions versions_;
    ContentIndex contents_;
    NameIndex names_;
};

}  // namespace xfsbus::tracker
