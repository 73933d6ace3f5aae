#include "page.hpp"

#include "ranked_choice.hpp"

#include <xfsbus/policies/mixed.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace xfsbus::tracker {

namespace {

constexpr std::size_t hex_digits = 2 * wire::ContentId::size;
/// What the fields of a file and of a source take on the wire beside their texts, rounded up.
constexpr std::size_t file_overhead = 96;
constexpr std::size_t source_overhead = 72;

/// Begins the cursor of a page that ended within a file; no other cursor begins so.
constexpr char within_file = '+';
constexpr std::size_t slot_digits = 8;

std::optional<Slot> read_slot(std::string_view digits) {
    auto const bytes = digits.size() == slot_digits ? wire::from_hex(digits) : std::nullopt;
    if (!bytes) {
        return std::nullopt;
    }
    Slot slot = 0;
    for (char const byte : *bytes) {
        slot = slot << 8U | static_cast<unsigned char>(byte);
    }
    return slot;
}

std::string write_slot(Slot slot) {
    std::string bytes;
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        bytes += static_cast<char>(slot >> (shift - 8) & 0xffU);
    }
    return wire::to_hex(bytes);
}

/// The first content id with this prefix; nullopt if it is no hex or too long.
std::optional<wire::ContentId> first_content(std::string_view prefix) {
    if (prefix.size() > hex_digits) {
        return std::nullopt;
    }
    std::string padded(prefix);
    padded.resize(hex_digits, '0');
    auto const bytes = wire::from_hex(padded);
    return bytes ? wire::ContentId::from(*bytes) : std::nullopt;
}

void to_lower(std::string& hex) {
    for (char& digit : hex) {
        if (digit >= 'A' && digit <= 'F') {
            digit = static_cast<char>(digit - 'A' + 'a');
        }
    }
}

/// splitmix64's finisher: every bit of the input changes half of the output's.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

/// Steps that it takes to tell of a file or a source.
constexpr std::size_t told_work = 128;

bool in_range(Query const& query, Position const& file) {
    switch (query.by) {
        case wire::FindBy::name:
            return file.name == query.text;
        case wire::FindBy::glob:
            return std::string_view(file.name).starts_with(query.prefix());
        case wire::FindBy::content_prefix:
            break;
    }
    return wire::to_hex(file.content).starts_with(query.text);
}

}  // namespace

std::optional<Cursor> read_cursor(std::string_view text) {
    std::optional<Slot> source;
    if (text.starts_with(within_file)) {
        source = read_slot(text.substr(1, slot_digits));
        if (!source) {
            return std::nullopt;
        }
        text.remove_prefix(1 + slot_digits);
    }
    if (text.size() < hex_digits) {
        return std::nullopt;
    }
    auto const bytes = wire::from_hex(text.substr(0, hex_digits));
    auto const content = bytes ? wire::ContentId::from(*bytes) : std::nullopt;
    if (!content) {
        return std::nullopt;
    }
    return Cursor{{std::string(text.substr(hex_digits)), *content}, source};
}

std::optional<Query> read_query(wire::Find const& find, Directory::Limits const& limits,
                                std::string& problem) {
    Query query;
    query.by = find.by;
    query.text = find.query;
    query.limit = limits.found_files;
    query.every = find.every;
    if (find.limit != 0) {
        query.limit = std::min<std::size_t>(find.limit, limits.found_files);
    }
    if (!find.after.empty()) {
        auto cursor = read_cursor(find.after);
        if (!cursor || (cursor->source && !find.every)) {
            problem = "`after` is not a cursor of this tracker";
            return std::nullopt;
        }
        query.after = std::move(cursor->file);
        query.after_source = cursor->source;
    }
    if (find.by == wire::FindBy::content_prefix) {
        if (!first_content(find.query)) {
            problem = "a content id begins with hexadecimal digits, at most 64";
            return std::nullopt;
        }
        to_lower(query.text);
        query.swarm = query.text.size() == hex_digits;
    } else if (find.by == wire::FindBy::glob) {
        if (find.query.size() > wire::limits::pattern_bytes) {
            problem =
                "a pattern has at most " + std::to_string(wire::limits::pattern_bytes) + " bytes";
            return std::nullopt;
        }
        query.glob.emplace(find.query);
    }
    query.sources = query.swarm && !query.every ? limits.swarm_sources : limits.found_sources;
    if (find.sources != 0) {
        query.sources = std::min<std::size_t>(find.sources, query.sources);
    }
    return query;
}

std::string Cursor::text() const {
    std::string const within = source ? within_file + write_slot(*source) : std::string();
    return within + wire::to_hex(file.content) + file.name;
}

namespace {

/// Goes through the versions of one name.
class OfName {
  public:
    OfName() = default;

    explicit OfName(Versions::value_type const* at) : at_(at) {}

    Versions::value_type const& operator*() const { return *at_; }

    OfName& operator++() {
        at_ = at_->second.next_of_name;
        return *this;
    }

    friend bool operator==(OfName const&, OfName const&) = default;

  private:
    Versions::value_type const* at_ = nullptr;
};

constexpr auto as_it_is = [](auto& version) -> auto& {
    return version;
};

}  // namespace

/// One read() under way.
struct PageReader::Walk {
    Reading& reading;
    std::size_t work_end;  ///< of the reading's work
    std::vector<Pick> picks = {};
    Position const* last_seen = nullptr;

    [[nodiscard]] std::size_t size() const { return reading.chosen.size() + picks.size(); }

    [[nodiscard]] std::optional<Position> last() const {
        return last_seen != nullptr ? std::optional(*last_seen) : reading.last;
    }

    /// Puts down what is to be known when the walk goes on.
    void save() {
        for (Pick& pick : picks) {
            reading.chosen.push_back(std::move(pick.file));
        }
        reading.last = last();
    }
};

std::optional<Page> PageReader::read(Reading& reading, std::size_t work) const {
    Walk walk{reading, reading.work + work};
    Query const& query = reading.query;
    if (query.by == wire::FindBy::content_prefix) {
        return walk_on(
            catalogue_.by_content(), ByContent{}, {"", *first_content(query.text)}, walk,
            [](ContentPlace const& place) -> auto& { return *place.version; });
    }
    if (query.by == wire::FindBy::name && !reading.last && !query.after) {
        return this->walk(OfName{catalogue_.first_of(query.text)}, OfName{}, walk, as_it_is);
    }
    return walk_on(catalogue_.by_name(), ByName{}, {query.prefix(), wire::ContentId{}}, walk,
                   as_it_is);
}

/// From where the walk ended before, or the caller's cursor says.
template <typename Index, typename Order, typename FileOf>
std::optional<Page> PageReader::walk_on(Index const& index, Order order, PositionView start,
                                        Walk& walk, FileOf file_of) const {
    auto const& last = walk.reading.last ? walk.reading.last : walk.reading.query.after;
    // A cursor is the caller's word: it may point before the first match.
    bool const resume = last && !order(*last, start);
    bool const within = resume && !walk.reading.last && walk.reading.query.after_source;
    auto const begin = within   ? index.lower_bound(PositionView(*last))
                       : resume ? index.upper_bound(PositionView(*last))
                                : index.lower_bound(start);
    return this->walk(begin, index.end(), walk, file_of);
}

template <typename Place, typename FileOf>
std::optional<Page> PageReader::walk(Place begin, Place const end_of_all, Walk& walk,
                                     FileOf file_of) const {
    std::optional<Cursor> end;
    for (auto it = begin; it != end_of_all; ++it) {
        Step const step = offer(walk, file_of(*it));
        if (step == Step::out_of_work) {
            walk.save();
            return std::nullopt;
        }
        if (step == Step::page_full) {
            end = Cursor{*walk.last(), std::nullopt};
        } else if (step == Step::file_cut) {
            end = walk.picks.back().end();
        }
        if (step != Step::next) {
            break;
        }
    }
    if (walk.reading.chosen.empty()) {
        return Page{std::move(walk.picks), std::move(end)};
    }
    walk.save();
    return again(walk.reading, end);
}

/// Steps that looking at a source takes.
std::size_t PageReader::work_of_each() const {
    return source_work + (handout_ ? RankedChoice::source_work : 0);
}

/// Takes the version into the page if it matches.
PageReader::Step PageReader::offer(Walk& walk, Versions::value_type const& version) const {
    Reading& reading = walk.reading;
    Position const& file = version.first;
    if (!in_range(reading.query, file)) {
        return Step::out_of_range;
    }
    if (walk.size() == reading.query.limit || reading.work > limits_.page_work) {
        return Step::page_full;
    }
    if (reading.work > walk.work_end) {
        return Step::out_of_work;
    }
    reading.work += version_work;
    if (!reading.query.glob || reading.query.glob->matches(file.name, reading.work)) {
        reading.work += work_of_each() * version.second.sources.size();
        if (auto picked = pick(reading, version)) {
            bool const first = walk.size() == 0;
            std::size_t const bytes = fit(reading.query, *picked, first);
            if (!first && reading.bytes + bytes > limits_.found_bytes) {
                return Step::page_full;
            }
            reading.bytes += bytes;
            reading.work += told_work * (1 + picked->sources.size());
            walk.picks.push_back(std::move(*picked));
            walk.last_seen = &file;
            return walk.picks.back().cut ? Step::file_cut : Step::next;
        }
    }
    walk.last_seen = &file;
    return Step::next;
}

Page PageReader::again(Reading const& reading, std::optional<Cursor> const& end) const {
    Page page{{}, end ? std::optional(Cursor{end->file, std::nullopt}) : std::nullopt};
    std::size_t size = 0;
    Position const* last = nullptr;
    for (Position const& file : reading.chosen) {
        auto const version = catalogue_.by_name().find(PositionView(file));
        auto picked =
            version == catalogue_.by_name().end() ? std::nullopt : pick(reading, *version);
        if (picked) {
            std::size_t const bytes = fit(reading.query, *picked, page.files.empty());
            if (!page.files.empty() && size + bytes > limits_.found_bytes) {
                page.end = Cursor{*last, std::nullopt};  // it has more sources now than then
                break;
            }
            size += bytes;
            page.files.push_back(std::move(*picked));
            if (page.files.back().cut) {
                page.end = page.files.back().end();
                break;
            }
        }
        last = &file;
    }
    return page;
}

/// The version as it is told; nullopt if it has no sources for this query.
std::optional<Pick> PageReader::pick(Reading const& reading,
                                     Versions::value_type const& version) const {
    auto const& [file, state] = version;
    Pick pick{file, state.size, 0, {}};
    if (reading.query.every) {
        name_next(reading.query, state.sources, pick);
    } else {
        name_sample(reading, state, pick);
    }
    return pick.sources.empty() ? std::nullopt : std::optional(std::move(pick));
}

/// Without the peers that were dropped and not cleared away yet.
bool PageReader::knows(Query const& query, Source const& source) const {
    return (query.swarm || source.have_ppm > 0) && roster_.at(source.peer) != nullptr;
}

/// All that the query may know of, from where it goes on, in the order of their places.
void PageReader::name_next(Query const& query, std::vector<Source> const& all, Pick& pick) const {
    bool const goes_on = query.after_source && query.after->content == pick.file.content &&
                         query.after->name == pick.file.name;
    for (Source const& source : all) {
        if (!knows(query, source)) {
            continue;
        }
        ++pick.source_count;
        if (recorder_ != nullptr) {
            pick.considered.push_back({source});
        }
        if (goes_on && source.peer <= *query.after_source) {
            continue;
        }
        if (pick.sources.size() == query.sources) {
            pick.cut = true;
        } else {
            pick.sources.push_back(source);
        }
    }
}

/// As many as are wanted, chosen by the handout policy, or else by the built-in rule, which is not
/// shown what a policy is: that would take it longer than to choose.
void PageReader::name_sample(Reading const& reading, VersionState const& version,
                             Pick& pick) const {
    if (!handout_) {
        name_by(policies::MixedChoice<Source>(reading.query.sources), reading, version, pick);
        if (pick.source_count > reading.query.sources) {
            pick.rule = HandoutRule::built_in;
        }
        return;
    }
    Peer const* const asker = roster_.by_route(reading.asker.route);
    policies::HandoutRequest const request{
        .wanted = static_cast<std::uint32_t>(reading.query.sources),
        .file_bytes = version.size,
        .asker_host = reading.asker.host.c_str(),
        .asker_labels = asker != nullptr ? asker->labels.c_str() : ""};
    auto const choice = name_by(RankedChoice(*handout_, request, roster_), reading, version, pick);
    note_ranks(choice.ranks(), pick);
}

template <typename Choice>
Choice PageReader::name_by(Choice choice, Reading const& reading, VersionState const& version,
                           Pick& pick) const {
    for (Source const& source : version.sources) {
        if (knows(reading.query, source)) {
            // A random order, which is another one for each mix.
            auto const draw = mixed(reading.mix ^ mixed(source.peer));
            choice.offer(source.have_ppm == wire::complete_ppm, draw, source);
            if (recorder_ != nullptr) {
                pick.considered.push_back({source, draw});
            }
        }
    }
    pick.source_count = static_cast<std::uint32_t>(choice.offered());
    pick.sources = std::move(choice).take();
    return choice;  // NOLINT(bugprone-use-after-move): it knows the ranks still
}

void PageReader::note_ranks(std::vector<double> const& ranks, Pick& pick) const {
    if (recorder_ == nullptr || ranks.empty()) {
        return;
    }
    pick.rule = recorder_->made_good() ? HandoutRule::made_good : HandoutRule::policy;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        pick.considered[i].rank = ranks[i];
    }
}

std::size_t PageReader::source_bytes(Source const& source) const {
    Peer const& peer = *roster_.at(source.peer);
    return source_overhead + peer.listens.host.size() + peer.labels.size();
}

/// The bytes that the file takes on the wire. The first of a page is made to fit, by naming fewer
/// sources, so that every page takes the caller on.
std::size_t PageReader::fit(Query const& query, Pick& pick, bool first) const {
    std::size_t bytes = file_overhead + pick.file.name.size();
    for (std::size_t i = 0; i < pick.sources.size(); ++i) {
        std::size_t const more = source_bytes(pick.sources[i]);
        if (first && i > 0 && bytes + more > limits_.found_bytes) {
            pick.sources.resize(i);
            pick.cut = query.every;
            break;
        }
        bytes += more;
    }
    return bytes;
}

}  // namespace xfsbus::tracker
