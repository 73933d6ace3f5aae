#include "page.hpp"

#include <xfsbus/wire/glob.hpp>

#include <algorithm>
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

/// Names that can match: all of them begin with it.
std::string_view name_prefix(Query const& query) {
    return query.by == wire::FindBy::glob ? wire::glob_prefix(query.text)
                                          : std::string_view(query.text);
}

bool in_range(Query const& query, Position const& file) {
    switch (query.by) {
        case wire::FindBy::name:
            return file.name == query.text;
        case wire::FindBy::glob:
            return std::string_view(file.name).starts_with(name_prefix(query));
        case wire::FindBy::content_prefix:
            break;
    }
    return wire::to_hex(file.content).starts_with(query.text);
}

bool matches(Query const& query, Position const& file) {
    return query.by != wire::FindBy::glob || wire::glob_match(query.text, file.name);
}

/// The characters that looking at this version costs to compare, at worst.
std::size_t work_of(Query const& query, Versions::value_type const& version) {
    std::size_t const per_name =
        query.by == wire::FindBy::glob ? query.text.size() * version.first.name.size() : 0;
    return per_name + hex_digits + version.second.sources.size();
}

}  // namespace

std::optional<Query> read_query(wire::Find const& find, std::size_t most_files,
                                std::string& problem) {
    Query query{find.by, find.query, std::nullopt, most_files, false};
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
    }
    return query;
}

std::string write_cursor(Position const& position) {
    return wire::to_hex(position.content) + position.name;
}

/// One read() under way.
struct PageReader::Walk {
    Query const& query;
    std::optional<Position> const& until;
    Page page;
    Position const* last_seen = nullptr;
    std::size_t work = 0;
    std::size_t bytes = 0;

    /// Ends the page here, with more to come.
    bool stop() {
        page.end = *last_seen;
        return false;
    }
};

Page PageReader::read(Query const& query, std::optional<Position> const& until) {
    Walk walk{query, until, {}};
    if (query.by == wire::FindBy::content_prefix) {
        read_by_content(walk);
    } else {
        read_by_name(walk);
    }
    return std::move(walk.page);
}

void PageReader::read_by_name(Walk& walk) const {
    auto const& versions = catalogue_.by_name();
    PositionView const start{name_prefix(walk.query), wire::ContentId{}};
    // A cursor is the caller's word: it may point before the first match.
    bool const resume = walk.query.after && !ByName{}(*walk.query.after, start);
    auto it = resume ? versions.upper_bound(PositionView(*walk.query.after))
                     : versions.lower_bound(start);
    for (; it != versions.end(); ++it) {
        if (walk.until && ByName{}(*walk.until, it->first)) {
            walk.page.end = walk.until;
            return;
        }
        if (!offer(walk, *it)) {
            return;
        }
    }
}

void PageReader::read_by_content(Walk& walk) const {
    auto const& contents = catalogue_.by_content();
    PositionView const start{"", *first_content(walk.query.text)};
    bool const resume = walk.query.after && !ByContent{}(*walk.query.after, start);
    auto it = resume ? contents.upper_bound(PositionView(*walk.query.after))
                     : contents.lower_bound(start);
    for (; it != contents.end(); ++it) {
        if (walk.until && ByContent{}(*walk.until, (*it)->first)) {
            walk.page.end = walk.until;
            return;
        }
        if (!offer(walk, **it)) {
            return;
        }
    }
}

/// Takes the version into the page if it matches. False: the page ends before this version.
bool PageReader::offer(Walk& walk, Versions::value_type const& version) const {
    auto const& [file, state] = version;
    if (!in_range(walk.query, file)) {
        return false;
    }
    if (walk.page.files.size() == walk.query.limit || walk.work > limits_.scan_work) {
        return walk.stop();
    }
    walk.work += work_of(walk.query, version);
    if (matches(walk.query, file)) {
        Pick pick{file, state.size, 0, known_sources(walk.query, state.sources)};
        pick.source_count = static_cast<std::uint32_t>(pick.sources.size());
        keep_sample(pick.sources, walk.query.swarm ? limits_.swarm_sources : limits_.found_sources);
        if (!pick.sources.empty()) {
            std::size_t const bytes = fit(pick, walk.page.files.empty());
            if (!walk.page.files.empty() && walk.bytes + bytes > limits_.found_bytes) {
                return walk.stop();
            }
            walk.bytes += bytes;
            walk.page.files.push_back(std::move(pick));
        }
    }
    walk.last_seen = &file;
    return true;
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
void PageReader::keep_sample(std::vector<Source>& sources, std::size_t most) const {
    if (sources.size() <= most) {
        return;
    }
    auto const by_rank = [this](Source const& a, Source const& b) { return rank(a) < rank(b); };
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

/// Its place in a random order, which is another one for each mix.
std::uint64_t PageReader::rank(Source const& source) const {
    return mixed(mix_ ^ mixed(source.peer));
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
