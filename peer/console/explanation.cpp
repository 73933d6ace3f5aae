#include "explanation.hpp"

#include "sizes.hpp"
#include "table.hpp"

#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

namespace xfsbus::console {
namespace {

using Entry = std::pair<std::string const, SourceStory>;

std::string times_in_words(std::uint64_t count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string how_many(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string joined(std::vector<std::string> const& parts, std::string_view by) {
    std::string text;
    for (auto const& part : parts) {
        text += text.empty() ? part : std::string(by) + part;
    }
    return text;
}

std::uint64_t failures_of(SourceStory const& source) {
    return std::accumulate(
        source.failures.begin(), source.failures.end(), std::uint64_t{0},
        [](std::uint64_t sum, auto const& failure) { return sum + failure.second; });
}

std::uint64_t chunks_of(TransferStory const& story) {
    return std::accumulate(
        story.sources.begin(), story.sources.end(), std::uint64_t{0},
        [](std::uint64_t sum, Entry const& source) { return sum + source.second.chunks; });
}

/// Who delivered most comes first.
std::vector<Entry const*> most_first(TransferStory const& story) {
    std::vector<Entry const*> sources;
    for (auto const& source : story.sources) {
        sources.push_back(&source);
    }
    std::ranges::stable_sort(sources, std::ranges::greater(),
                             [](Entry const* source) { return source->second.chunks; });
    return sources;
}

std::string table_of(TransferStory const& story) {
    Rows rows = {{"PEER", "CHUNKS", "BYTES", "CHOSEN", "ALONE", "WAITED_FOR", "FAILED"}};
    for (auto const* const entry : most_first(story)) {
        auto const& source = entry->second;
        rows.push_back({wire::escape(entry->first), std::to_string(source.chunks),
                        show_size(static_cast<double>(source.bytes)), std::to_string(source.chosen),
                        std::to_string(source.alone), std::to_string(source.waited_for),
                        std::to_string(failures_of(source))});
    }
    return story.sources.empty() ? "" : aligned(rows, "  ");
}

// ---- sentences about a source ----

std::string choice_of(SourceStory const& source) {
    if (source.chosen == 0) {
        return "never chosen for a chunk";
    }
    auto text = "chosen " + times_in_words(source.chosen);
    std::vector<std::string> why;
    auto const add = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) {
            why.push_back(fmt::format("{} as {}", times_in_words(count), what));
        }
    };
    add(source.alone, "the only one that could be");
    add(source.nearest, "the nearest");
    add(source.fastest, "the fastest known");
    add(source.least_asked, "the one of which least was asked");
    return why.empty() ? text : text + ": " + joined(why, ", ");
}

std::string place_of(PlaceChange const& change) {
    auto const other = wire::escape(change.other);
    auto const what = change.came
                          ? (other.empty() ? std::string("got a place") : "came in for " + other)
                          : "gave way to " + other;
    return fmt::format("{} after {:.2f} s", what, change.seconds);
}

std::string failures_in_words(SourceStory const& source) {
    std::vector<std::string> reasons;
    for (auto const& [reason, count] : source.failures) {
        reasons.push_back(fmt::format("{} {}", count, wire::escape(reason)));
    }
    return fmt::format("{} failed ({})", how_many(failures_of(source), "request"),
                       joined(reasons, ", "));
}

std::string sentence_of(Entry const& entry) {
    auto const& source = entry.second;
    std::vector<std::string> parts;
    for (auto const& change : source.places) {
        parts.push_back(place_of(change));
    }
    parts.push_back(choice_of(source));
    if (source.waited_for > 0) {
        parts.push_back("waited for " + times_in_words(source.waited_for));
    }
    if (source.unasked > 0) {
        parts.push_back(how_many(source.unasked, "request") + " without a question to the policy");
    }
    if (!source.failures.empty()) {
        parts.push_back(failures_in_words(source));
    }
    if (source.duplicates > 0) {
        parts.push_back(how_many(source.duplicates, "chunk") + " in vain, as another was quicker");
    }
    return wire::escape(entry.first) + ": " + joined(parts, "; ") + ".\n";
}

// ---- sentences about the whole ----

/// What came of those that came as one and were not all what they should be.
std::string damage_of(TransferStory const& story) {
    if (story.damaged == 0) {
        return "";
    }
    auto const others = story.damaged - (story.is_damaged ? 1 : 0);
    auto const subject = !story.is_damaged ? how_many(others, "other file")
                         : others == 0     ? std::string("it")
                                           : "it and " + how_many(others, "other file");
    bool const one = story.damaged == 1;
    return fmt::format("; {} {} damaged and fetched again alone", subject, one ? "was" : "were");
}

std::string headline_of(TransferStory const& story) {
    auto const seconds = static_cast<double>(story.last_us - story.began_us) / 1e6;
    auto const from = std::ranges::count_if(
        story.sources, [](Entry const& source) { return source.second.chunks > 0; });
    auto const together = story.others == 0
                              ? std::string()
                              : " with " + how_many(story.others, "other small file") + ", as one";
    auto text = fmt::format("{}{} (transfer {}, {}): {} of {} came from {} in {:.2f} s",
                            wire::escape(story.name), together, story.transfer,
                            show_size(static_cast<double>(story.bytes)), chunks_of(story),
                            how_many(story.chunks, "chunk"),
                            how_many(static_cast<std::uint64_t>(from), "source"), seconds);
    if (story.chunks_here > 0) {
        text += fmt::format("; {} were here already", story.chunks_here);
    }
    return text + damage_of(story) + ".\n";
}

std::string decisions_of(TransferStory const& story) {
    if (story.decisions == 0) {
        return "No policy was asked.\n";
    }
    std::vector<std::string> policies;
    std::ranges::transform(story.policies, std::back_inserter(policies),
                           [](auto const& policy) { return wire::escape(policy); });
    auto const each =
        static_cast<double>(story.cost_ns) / 1e9 / static_cast<double>(story.decisions);
    auto text = fmt::format("{} decided {}, in {} each.", joined(policies, ", then "),
                            times_in_words(story.decisions), show_span(each));
    if (story.alone > 0) {
        text += fmt::format(
            " {} of {} about a chunk had one candidate: the policy changed nothing "
            "there.",
            story.alone, how_many(story.about_chunk, "decision"));
    }
    if (story.nobody > 0) {
        text += fmt::format(" It wanted nobody {}.", times_in_words(story.nobody));
    }
    if (story.by_default > 0) {
        text += fmt::format(" The built-in default decided {} in its place.",
                            times_in_words(story.by_default));
    }
    return text + "\n";
}

Json source_to_json(Entry const& entry) {
    auto const& source = entry.second;
    Json places = Json::array();
    for (auto const& change : source.places) {
        places.push_back(
            {{"seconds", change.seconds}, {"came", change.came}, {"other", change.other}});
    }
    return {{"peer", entry.first},
            {"chunks", source.chunks},
            {"bytes", source.bytes},
            {"chosen", source.chosen},
            {"alone", source.alone},
            {"nearest", source.nearest},
            {"fastest", source.fastest},
            {"least_asked", source.least_asked},
            {"waited_for", source.waited_for},
            {"unasked", source.unasked},
            {"failures", source.failures},
            {"duplicates", source.duplicates},
            {"places", std::move(places)}};
}

}  // namespace

std::string explanation(TransferStory const& story) {
    auto text = headline_of(story) + decisions_of(story) + table_of(story);
    for (auto const* const entry : most_first(story)) {
        text += sentence_of(*entry);
    }
    return text;
}

Json to_json(TransferStory const& story) {
    Json sources = Json::array();
    for (auto const* const entry : most_first(story)) {
        sources.push_back(source_to_json(*entry));
    }
    return {{"event", "explanation"},
            {"name", story.name},
            {"transfer", story.transfer},
            {"others", story.others},
            {"damaged", story.damaged},
            {"is_damaged", story.is_damaged},
            {"bytes", story.bytes},
            {"chunks", story.chunks},
            {"chunks_here", story.chunks_here},
            {"seconds", static_cast<double>(story.last_us - story.began_us) / 1e6},
            {"policies", story.policies},
            {"decisions", story.decisions},
            {"one_candidate", story.alone},
            {"nobody", story.nobody},
            {"by_default", story.by_default},
            {"cost_ns", story.cost_ns},
            {"sources", std::move(sources)}};
}

}  // namespace xfsbus::console
