#pragma once

#include "catalogue.hpp"
#include "roster.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::tracker {

/// A Find that was checked and can be run.
struct Query {
    wire::FindBy by = wire::FindBy::name;
    std::string text;  ///< lower case if it is hex
    std::optional<Position> after;
    std::size_t limit = 0;  ///< most files
    /// Names a whole content id: asks for those, too, who have nothing of it yet.
    bool swarm = false;
};

/// nullopt: the cursor is none of ours, or a content prefix is no hex; `problem` says which.
std::optional<Query> read_query(wire::Find const& find, std::size_t most_files,
                                std::string& problem);

std::string write_cursor(Position const& position);

/// A file that goes into an answer, and those of its sources that are named.
struct Pick {
    Position file;
    std::uint64_t size = 0;
    std::uint32_t source_count = 0;
    std::vector<Source> sources;
};

struct Page {
    std::vector<Pick> files;
    std::optional<Position> end;  ///< the last place looked at, if there is more after it
};

/// Collects one page of a query's answer. Reads only.
class PageReader {
  public:
    /// `mix` chooses the sample where a file has too many sources: the same one each time, as long
    /// as the sources stay the same. Another mix, another sample.
    PageReader(Catalogue const& catalogue, Roster const& roster, Directory::Limits const& limits,
               std::uint64_t mix)
        : catalogue_(catalogue), roster_(roster), limits_(limits), mix_(mix) {}

    /// Not beyond `until`, the end of the page when it was read before.
    Page read(Query const& query, std::optional<Position> const& until);

  private:
    struct Walk;
    void read_by_name(Walk& walk) const;
    void read_by_content(Walk& walk) const;
    bool offer(Walk& walk, Versions::value_type const& version) const;
    [[nodiscard]] std::vector<Source> known_sources(Query const& query,
                                                    std::vector<Source> const& all) const;
    void keep_sample(std::vector<Source>& sources, std::size_t most) const;
    [[nodiscard]] std::uint64_t rank(Source const& source) const;
    [[nodiscard]] std::size_t source_bytes(Source const& source) const;
    [[nodiscard]] std::size_t fit(Pick& pick, bool first) const;

    Catalogue const& catalogue_;
    Roster const& roster_;
    Directory::Limits const& limits_;
    std::uint64_t mix_;
};

}  // namespace xfsbus::tracker
