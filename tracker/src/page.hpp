#pragma once

#include "catalogue.hpp"
#include "roster.hpp"

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::tracker {

/// A Find that was checked and can be run.
struct Query {
    wire::FindBy by = wire::FindBy::name;
    std::string text;  ///< lower case if it is hex
    std::optional<Position> after;
    std::size_t limit = 0;    ///< most files
    std::size_t sources = 0;  ///< most that are named of a file
    /// All sources are named; of `after`, those beyond this one are left.
    bool every = false;
    std::optional<Slot> after_source;
    /// Names a whole content id: asks for those, too, who have nothing of it yet.
    bool swarm = false;
    std::optional<wire::Glob> glob;

    /// What a match begins with.
    [[nodiscard]] std::string const& prefix() const { return glob ? glob->prefix() : text; }
};

/// nullopt: the cursor is none of ours, a pattern is too long, or a content prefix is no hex;
/// `problem` says which.
std::optional<Query> read_query(wire::Find const& find, Directory::Limits const& limits,
                                std::string& problem);

/// Where a page ended.
struct Cursor {
    Position file;               ///< the last one looked at
    std::optional<Slot> source;  ///< its last source that was named, if more are left

    [[nodiscard]] std::string text() const;
};

/// nullopt: it is none of ours.
std::optional<Cursor> read_cursor(std::string_view text);

/// Steps of work (see Directory::Limits) that looking at a version takes, and at each of its
/// sources.
inline constexpr std::size_t version_work = 64;
inline constexpr std::size_t source_work = 8;

/// A source that could be named, with what decided whether it is.
struct Considered {
    Source source;
    std::uint64_t draw = 0;
    std::optional<double> rank = {};  ///< the handout policy's
};

/// A file that goes into an answer, and those of its sources that are named.
struct Pick {
    Position file;
    std::uint64_t size = 0;
    std::uint32_t source_count = 0;
    std::vector<Source> sources;
    bool cut = false;  ///< the next page has more of them
    // For a recorder.
    std::vector<Considered> considered = {};
    HandoutRule rule = HandoutRule::all;

    [[nodiscard]] Cursor end() const {
        return {file, cut ? std::optional(sources.back().peer) : std::nullopt};
    }
};

struct Page {
    std::vector<Pick> files;
    std::optional<Cursor> end;  ///< if there is more after it
};

/// A page that is being collected. Keeps no more than names, since peers may go between two steps.
struct Reading {
    Query query;
    /// Chooses the sample where a file has too many sources: the same one each time, as long as
    /// the sources stay the same. Another mix, another sample.
    std::uint64_t mix = 0;
    wire::Sender asker;
    std::vector<Position> chosen;  ///< files of the page
    std::optional<Position> last;  ///< looked at last
    std::size_t bytes = 0;         ///< of the page
    std::size_t work = 0;          ///< done for it
};

/// Collects a query's answer. Reads only, but that a handout policy may remember what it is asked.
class PageReader {
  public:
    /// recorder: null, or asked whether the handout's ranks are its own.
    PageReader(Catalogue const& catalogue, Roster const& roster, Directory::Limits const& limits,
               HandoutRecorder const* recorder)
        : catalogue_(catalogue), roster_(roster), limits_(limits), recorder_(recorder) {}

    /// Who chooses where a file has too many sources; null: the built-in rule.
    void set_handout(std::shared_ptr<policies::Handout> handout) { handout_ = std::move(handout); }

    /// Goes on for so much work, or a little more. nullopt: the page is not complete yet.
    std::optional<Page> read(Reading& reading, std::size_t work) const;

    /// The page of these files once more, as it is now; it may have become shorter.
    Page again(Reading const& reading, std::optional<Cursor> const& end) const;

  private:
    struct Walk;
    enum class Step { next, out_of_range, page_full, file_cut, out_of_work };

    template <typename Index, typename Order, typename FileOf>
    std::optional<Page> walk_on(Index const& index, Order order, PositionView start, Walk& walk,
                                FileOf file_of) const;
    template <typename Place, typename FileOf>
    std::optional<Page> walk(Place begin, Place end_of_all, Walk& walk, FileOf file_of) const;
    Step offer(Walk& walk, Versions::value_type const& version) const;
    std::optional<Pick> pick(Reading const& reading, Versions::value_type const& version) const;
    [[nodiscard]] bool knows(Query const& query, Source const& source) const;
    void name_next(Query const& query, std::vector<Source> const& all, Pick& pick) const;
    void name_sample(Reading const& reading, VersionState const& version, Pick& pick) const;
    template <typename Choice>
    Choice name_by(Choice choice, Reading const& reading, VersionState const& version,
                   Pick& pick) const;
    void note_ranks(std::vector<double> const& ranks, Pick& pick) const;
    [[nodiscard]] std::size_t work_of_each() const;
    [[nodiscard]] std::size_t source_bytes(Source const& source) const;
    [[nodiscard]] std::size_t fit(Query const& query, Pick& pick, bool first) const;

    Catalogue const& catalogue_;
    Roster const& roster_;
    Directory::Limits const& limits_;
    HandoutRecorder const* recorder_;
    std::shared_ptr<policies::Handout> handout_;
};

}  // namespace xfsbus::tracker
