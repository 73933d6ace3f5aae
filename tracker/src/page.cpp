#include "page.hpp"

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

std::optional<Position> read_cursor(std::string_view text) {
    if (text.size() < hex_digits) {
        return std::nullopt;
    }
    auto const bytes = wire::from_hex(text.substr(0, hex_digits));
    auto const content = bytes ? wire::ContentId::from(*bytes) : std::nullopt;
    if (!content) {
        return std::nullopt;
    }
    return Position{std::string(text.substr(hex_digits)), *content};
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

/// Steps that looking at a version takes, at each of its sources, and at each that is told.
constexpr std::size_t version_work = 64;
constexpr std::size_t source_work = 8;
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

std::optional<Query> read_query(wire::Find const& find, std::size_t most_files,
                                std::string& problem) {
    Query query{find.by, find.query, std::nullopt, most_files, false, std::nullopt};
    if (find.limit != 0) {
        query.limit = std::min<std::size_t>(find.limit, most_files);
    }
    if (!find.after.empty()) {
        query.after = read_cursor(find.after);
        if (!query.after) {
            problem = "`after` is not a cursor of this tracker";
            return std::nullopt;
        }
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
    return query;
}

std::string write_cursor(Position const& position) {
    return wire::to_hex(position.content) + position.name;
}

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
        return this->walk(
            catalogue_.by_content(), ByContent{}, {"", *first_content(query.text)}, walk,
            [](Version version) -> auto& { return *version; });
    }
    return this->walk(
        catalogue_.by_name(), ByName{}, {query.prefix(), wire::ContentId{}}, walk,
        [](auto& version) -> auto& { return version; });
}

template <typename Index, typename Order, typename FileOf>
std::optional<Page> PageReader::walk(Index const& index, Order order, PositionView start,
                                     Walk& walk, FileOf file_of) const {
    auto const& last = walk.reading.last ? walk.reading.last : walk.reading.query.after;
    // A cursor is the caller's word: it may point before the first match.
    bool const resume = last && !order(*last, start);
    auto it = resume ? index.upper_bound(PositionView(*last)) : index.lower_bound(start);
    std::optional<Position> end;
    for (; it != index.end(); ++it) {
        Step const step = offer(walk, file_of(*it));
        if (step == Step::out_of_work) {
            walk.save();
            return std::nullopt;
        }
        if (step == Step::page_full) {
            end = walk.last();
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
        reading.work += source_work * version.second.sources.size();
        if (auto picked = pick(reading, version)) {
            bool const first = walk.size() == 0;
            std::size_t const bytes = fit(*picked, first);
            if (!first && reading.bytes + bytes > limits_.found_bytes) {
                return Step::page_full;
            }
            reading.bytes += bytes;
            reading.work += told_work * (1 + picked->sources.size());
            walk.picks.push_back(std::move(*picked));
        }
    }
    walk.last_seen = &file;
    return Step::next;
}

Page PageReader::again(Reading const& reading, std::optional<Position> const& end) const {
    Page page{{}, end};
    std::size_t size = 0;
    Position const* last = nullptr;
    for (Position const& file : reading.chosen) {
        auto const version = catalogue_.by_name().find(PositionView(file));
        auto picked =
            version == catalogue_.by_name().end() ? std::nullopt : pick(reading, *version);
        if (picked) {
            std::size_t const bytes = fit(*picked, page.files.empty());
            if (!page.files.empty() && size + bytes > limits_.found_bytes) {
                page.end = *last;  // it has more sources now than when it was chosen
                break;
            }
            size += bytes;
            page.files.push_back(std::move(*picked));
        }
        last = &file;
    }
    return page;
}

/// The version as it is told; nullopt if it has no sources for this query.
std::optional<Pick> PageReader::pick(Reading const& reading,
                                     Versions::value_type const& version) const {
    auto const& [file, state] = version;
    Pick pick{file, state.size, 0, known_sources(reading.query, state.sources)};
    if (pick.sources.empty()) {
        return std::nullopt;
    }
    pick.source_count = static_cast<std::uint32_t>(pick.sources.size());
    keep_sample(pick.sources, reading.query.swarm ? limits_.swarm_sources : limits_.found_sources,
                reading.mix);
    return pick;
}

/// Those that the query may know of, without the peers that were dropped and not cleared away yet.
std::vector<Source> PageReader::known_sources(Query const& query,
                                              std::vector<Source> const& all) const {
    std::vector<Source> known;
    known.reserve(all.size());
    std::copy_if(all.begin(), all.end(), std::back_inserter(known), [&](Source const& source) {
        return (query.swarm || source.have_ppm > 0) && roster_.at(source.peer) != nullptr;
    });
    return known;
}

/// Keeps at most so many: half of them complete and half not, or all of the kind of which there
/// are too few. Of each kind those of the lowest rank: so when one of them goes, the others stay
/// and one takes its place, and a find that is checked again asks few new ones.
void PageReader::keep_sample(std::vector<Source>& sources, std::size_t most,
                             std::uint64_t mix) const {
    if (sources.size() <= most) {
        return;
    }
    // A random order, which is another one for each mix.
    auto const rank = [mix](Source const& source) { return mixed(mix ^ mixed(source.peer)); };
    auto const by_rank = [&](Source const& a, Source const& b) { return rank(a) < rank(b); };
    auto const partial = std::partition(sources.begin(), sources.end(), [](Source const& source) {
        return source.have_ppm == wire::complete_ppm;
    });
    auto const complete_count = static_cast<std::size_t>(partial - sources.begin());
    std::size_t const partial_count = sources.size() - complete_count;
    std::size_t const keep_complete =
        std::min(complete_count, std::max(most - most / 2, most - std::min(most, partial_count)));
    auto const complete_end = sources.begin() + static_cast<std::ptrdiff_t>(keep_complete);
    auto const partial_end = partial + static_cast<std::ptrdiff_t>(most - keep_complete);
    std::nth_element(sources.begin(), complete_end, partial, by_rank);
    std::nth_element(partial, partial_end, sources.end(), by_rank);
    sources.erase(partial_end, sources.end());
    sources.erase(complete_end, partial);
    // The kinds among each other: who takes only the first ones, as fit() may, has both.
    std::sort(sources.begin(), sources.end(), by_rank);
}

std::size_t PageReader::source_bytes(Source const& source) const {
    Peer const& peer = *roster_.at(source.peer);
    return source_overhead + peer.listens.host.size() + peer.labels.size();
}

/// The bytes that the file takes on the wire. The first of a page is made to fit, by naming fewer
/// sources, so that every page takes the caller on.
std::size_t PageReader::fit(Pick& pick, bool first) const {
    std::size_t bytes = file_overhead + pick.file.name.size();
    for (std::size_t i = 0; i < pick.sources.size(); ++i) {
        std::size_t const more = source_bytes(pick.sources[i]);
        if (first && i > 0 && bytes + more > limits_.found_bytes) {
            pick.sources.resize(i);
            break;
        }
        bytes += more;
    }
    return bytes;
}

}  // namespace xfsbus::tracker
