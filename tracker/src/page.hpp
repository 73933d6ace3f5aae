#pragma once

#include "catalogue.hpp"
#include "roster.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/glob.hpp>
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
    std::optional<wire::Glob> glob;

    /// What a match begins with.
    [[nodiscard]] std::string const& prefix() const { return glob ? glob->prefix() : text; }
};

/// nullopt: the cursor is none of ours, a pattern is too long, or a content prefix is no hex;
/// `problem` says which.
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

/// A page that is being collected. Keeps no more than names, since peers may go between two steps.
struct Reading {
    Query query;
    /// Chooses the sample where a file has too many sources: the same one each time, as long as
    /// the sources stay the same. Another mix, another sample.
    std::uint64_t mix = 0;
    std::vector<Position> chosen;  ///< files of the page
    std::optional<Position> last;  ///< looked at last
    std::size_t bytes = 0;         ///< of the page
    std::size_t work = 0;          ///< done for it
};

/// Collects a query's answer. Reads only.
class PageReader {
  public:
    PageReader(Catalogue const& catalogue, Roster const& roster, Directory::Limits const& limits)
        : catalogue_(catalogue), roster_(roster), limits_(limits) {}

    /// Goes on for so much work, or a little more. nullopt: the page is not complete yet.
    std::optional<Page> read(Reading& reading, std::size_t work) const;

    /// The page of these files once more, as it is now; it may have become shorter.
    Page again(Reading const& reading, std::optional<Position> const& end) const;

  private:
    struct Walk;
    enum class Step { next, out_of_range, page_full, out_of_work };

    template <typename Index, typename Order, typename FileOf>
    std::optional<Page> walk(Index const& index, Order order, PositionView start, Walk& walk,
                             FileOf file_of) const;
    Step offer(Walk& walk, Versions::value_type const& version) const;
    std::optional<Pick> pick(Reading const& reading, Versions::value_type const& version) const;
    [[nodiscard]] std::vector<Source> known_sources(Query const& query,
                                                    std::vector<Source> const& all) const;
    void keep_sample(std::vector<Source>& sources, std::size_t most, std::uint64_t mix) const;
    [[nodiscard]] std::size_t source_bytes(Source const& source) const;
    [[nodiscard]] std::size_t fit(Pick& pick, bool first) const;

    Catalogue const& catalogue_;
    Roster const& roster_;
    Directory::Limits const& limits_;
};

}  // namespace xfsbus::tracker
