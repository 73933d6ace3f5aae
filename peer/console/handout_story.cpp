#include "handout_story.hpp"

#include "sizes.hpp"
#include "table.hpp"
#include "trace_words.hpp"

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace xfsbus::console {
namespace {

constexpr double us_a_second = 1e6;

HandedSource source_from(TraceRecord const& record) {
    HandedSource source{.peer = field_text(record, "peer"),
                        .labels = field_text(record, "labels"),
                        .have_ppm = field_number(record, "have_ppm"),
                        .load = field_number(record, "load"),
                        .rank = {}};
    if (record.contains("rank")) {
        source.rank = record.at("rank").get<double>();
    }
    return source;
}

std::vector<HandedSource> sources_from(TraceRecord const& records) {
    std::vector<HandedSource> sources;
    std::transform(records.begin(), records.end(), std::back_inserter(sources), source_from);
    return sources;
}

HandoutStory story_from(TraceRecord const& record, std::string const& policy) {
    HandoutStory story;
    story.find = field_number(record, "find");
    story.seconds = static_cast<double>(field_number(record, "t_us")) / us_a_second;
    story.asker = record.value("asker", field_text(record, "asker_host"));
    story.asker_labels = field_text(record, "asker_labels");
    story.name = field_text(record, "name");
    story.rule = field_text(record, "rule");
    story.policy = policy;
    story.seed = field_number(record, "seed");
    story.wanted = field_number(record, "wanted");
    story.known = field_number(record, "known");
    story.sources = sources_from(record.at("sources"));
    story.others = sources_from(record.at("others"));
    story.answered = record.at("answered").get<std::vector<std::string>>();
    story.unanswered = record.at("unanswered").get<std::vector<std::string>>();
    return story;
}

// ---- words ----

std::string rank_of(HandedSource const& source) {
    return source.rank ? fmt::format("{:g}", *source.rank) : std::string("-");
}

std::string part_of(HandedSource const& source) {
    constexpr double a_percent = wire::complete_ppm / 100.0;
    return fmt::format("{:.0f} %", static_cast<double>(source.have_ppm) / a_percent);
}

std::string table_of(HandoutStory const& story) {
    Rows rows = {{"PEER", "HAS", "LOAD", "RANK", "LABELS"}};
    for (auto const& source : story.sources) {
        rows.push_back({wire::escape(source.peer), part_of(source), std::to_string(source.load),
                        rank_of(source),
                        source.labels.empty() ? "-" : wire::escape(source.labels)});
    }
    return story.sources.empty() ? "" : aligned(rows, "  ");
}

std::string headline(HandoutStory const& story) {
    auto const labels =
        story.asker_labels.empty() ? "" : " (" + wire::escape(story.asker_labels) + ")";
    return fmt::format("{} for {}{}, find {} after {:.2f} s: {} of {} source{} named, {} wanted\n",
                       wire::escape(story.name), wire::escape(story.asker), labels, story.find,
                       story.seconds, story.sources.size(), story.known,
                       story.known == 1 ? "" : "s", story.wanted);
}

bool is_complete(HandedSource const& source) {
    return source.have_ppm == wire::complete_ppm;
}

std::string halves(HandoutStory const& story) {
    auto const complete = std::ranges::count_if(story.sources, is_complete);
    return fmt::format(
        "half of those that are named are to be complete and half not, as far as there are such "
        "({} and {} are), each by its draw with seed {}",
        complete, static_cast<std::ptrdiff_t>(story.sources.size()) - complete, story.seed);
}

/// The policy wanted none that is complete, and the tracker has seen to it.
bool last_was_put_there(HandoutStory const& story) {
    auto const better = [&](HandedSource const& other) {
        return other.rank && *other.rank < *story.sources.back().rank;
    };
    return !story.sources.empty() && story.sources.back().rank &&
           std::ranges::any_of(story.others, better);
}

std::string by_policy(HandoutStory const& story) {
    auto text = fmt::format(
        "{} ranked these lowest; equal ranks stand in the order of their draws with seed {}",
        wire::escape(story.policy), story.seed);
    if (last_was_put_there(story)) {
        text += fmt::format("; {} has the last place because it is complete, and no other was",
                            wire::escape(story.sources.back().peer));
    }
    if (!story.others.empty()) {
        auto const& next = story.others.front();
        text += fmt::format("; next would have come {}, with rank {}", wire::escape(next.peer),
                            rank_of(next));
    }
    return text;
}

std::string reason_of(HandoutStory const& story) {
    if (story.rule == "policy") {
        return by_policy(story);
    }
    if (story.rule == "built_in") {
        return "the built-in rule decided: " + halves(story);
    }
    if (story.rule == "made_good") {
        return wire::escape(story.policy) +
               " failed, and the built-in rule decided: " + halves(story);
    }
    return "there was nothing to decide: all that the tracker could name are named, or were in the "
           "answers before and after this one";
}

std::string joined(std::vector<std::string> const& peers) {
    std::string text;
    for (auto const& peer : peers) {
        text += (text.empty() ? "" : ", ") + wire::escape(peer);
    }
    return text;
}

std::string checks_of(HandoutStory const& story) {
    std::string text;
    if (!story.answered.empty()) {
        text += "  not heard of lately, asked, and there: " + joined(story.answered) + "\n";
    }
    if (!story.unanswered.empty()) {
        text += "  not named, since no answer came: " + joined(story.unanswered) + "\n";
    }
    return text;
}

Json source_to_json(HandedSource const& source) {
    Json object = {{"peer", source.peer},
                   {"labels", source.labels},
                   {"have_ppm", source.have_ppm},
                   {"load", source.load}};
    object["rank"] = source.rank ? Json(*source.rank) : Json(nullptr);
    return object;
}

Json sources_to_json(std::vector<HandedSource> const& sources) {
    Json list = Json::array();
    std::ranges::transform(sources, std::back_inserter(list), source_to_json);
    return list;
}

}  // namespace

Status HandoutReader::take(std::string_view line) {
    try {
        auto const record = TraceRecord::parse(line);
        auto const kind = field_text(record, "record");
        if (kind == "trace" || kind == "handout") {
            policy_ = policy_in_words(record.at("handout"));
        } else if (kind == "end") {
            dropped_ = field_number(record, "dropped");
        } else if (kind == "handed_out") {
            auto const name = field_text(record, "name");
            keep_name(name, names_);
            if (name == name_) {
                handouts_.push_back(story_from(record, policy_));
            }
        }
    } catch (TraceRecord::exception const& error) {
        return Error{Errc::failed, std::string("no record of a trace: ") + error.what()};
    }
    return done();
}

std::string explanation(HandoutStory const& story) {
    return headline(story) + table_of(story) + "  " + reason_of(story) + "\n" + checks_of(story);
}

Json to_json(HandoutStory const& story) {
    return {{"event", "handout-explanation"},
            {"name", story.name},
            {"find", story.find},
            {"seconds", story.seconds},
            {"asker", story.asker},
            {"asker_labels", story.asker_labels},
            {"rule", story.rule},
            {"policy", story.policy},
            {"seed", story.seed},
            {"wanted", story.wanted},
            {"known", story.known},
            {"sources", sources_to_json(story.sources)},
            {"others", sources_to_json(story.others)},
            {"answered", story.answered},
            {"unanswered", story.unanswered}};
}

}  // namespace xfsbus::console
