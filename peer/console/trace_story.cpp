#include "trace_story.hpp"

#include "trace_words.hpp"

#include <algorithm>
#include <cstddef>

namespace xfsbus::console {
namespace {

using Record = TraceRecord;

constexpr double us_a_second = 1e6;

bool has_flag(Record const& source, std::string_view flag) {
    auto const& flags = source.at("flags");
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

/// Those that the answer to a question about a chunk could be, be it to wait for one that is busy.
std::vector<Record const*> candidates_of(Record const& decision) {
    bool const all = field_text(decision, "asked") == "pick";
    std::vector<Record const*> candidates;
    for (auto const& source : decision.at("sources")) {
        if (all || has_flag(source, "answerable")) {
            candidates.push_back(&source);
        }
    }
    return candidates;
}

/// In what the chosen one was the best of all that could be chosen.
void note_merits(SourceStory& story, std::vector<Record const*> const& candidates,
                 std::string const& chosen) {
    auto const found = std::ranges::find_if(
        candidates, [&](auto const* each) { return field_text(*each, "peer") == chosen; });
    if (found == candidates.end()) {
        return;
    }
    auto const best = [&](char const* field, double sign) {
        auto const figure = [&](Record const* each) { return sign * each->value(field, 0.0); };
        return figure(*found) == figure(*std::ranges::min_element(candidates, {}, figure));
    };
    story.nearest += best("latency_ms", 1) ? 1 : 0;
    story.least_asked += best("outstanding_bytes", 1) ? 1 : 0;
    story.fastest += (*found)->value("rate_bytes_per_s", 0.0) > 0 && best("rate_bytes_per_s", -1);
}

}  // namespace

/// Takes records, each in its own way.
class TraceReader::Records {
  public:
    explicit Records(TraceReader& to) : to_(to) {}

    void take(Record const& record) {
        auto const kind = field_text(record, "record");
        if (kind == "trace" || kind == "policy") {
            on_policy(record);
        } else if (kind == "transfer") {
            on_transfer(record);
        } else if (kind == "end") {
            to_.dropped_ = field_number(record, "dropped");
        } else if (auto* const story = story_of(record)) {
            story->last_us = field_number(record, "t_us");
            if (kind == "decision") {
                on_decision(*story, record);
            } else if (kind == "outcome") {
                on_outcome(*story, record);
            } else if (kind == "damaged") {
                on_damaged(*story, record);
            }
        }
    }

  private:
    [[nodiscard]] TransferStory* story_of(Record const& record) {
        auto const found = std::ranges::find(to_.transfers_, field_number(record, "transfer"),
                                             &TransferStory::transfer);
        return found == to_.transfers_.end() ? nullptr : &*found;
    }

    void on_policy(Record const& record) { to_.policy_ = policy_in_words(record.at("policy")); }

    void on_transfer(Record const& record) {
        auto names = std::vector{field_text(record, "name")};
        auto const others = record.value("others", std::vector<std::string>());
        names.insert(names.end(), others.begin(), others.end());
        for (auto const& name : names) {
            keep_name(name, to_.names_);
        }
        if (std::ranges::find(names, to_.name_) == names.end()) {
            return;
        }
        TransferStory story;
        story.transfer = field_number(record, "transfer");
        story.name = to_.name_;
        story.others = others.size();
        story.bytes = field_number(record, "bytes");
        story.chunks = field_number(record, "chunks");
        story.chunks_here = field_number(record, "chunks_here");
        story.began_us = field_number(record, "t_us");
        story.last_us = story.began_us;
        to_.transfers_.push_back(std::move(story));
    }

    void on_decision(TransferStory& story, Record const& decision) {
        if (story.policies.empty() || story.policies.back() != to_.policy_) {
            story.policies.push_back(to_.policy_);
        }
        ++story.decisions;
        story.by_default += decision.value("by_default", false) ? 1 : 0;
        story.cost_ns += field_number(decision, "cost_ns");
        story.nobody += field_text(decision, "answer") == "nobody" ? 1 : 0;
        if (decision.contains("chunk")) {
            on_choice(story, decision);
        } else if (field_text(decision, "answer") == "choose") {
            on_place(story, decision);
        }
    }

    void on_choice(TransferStory& story, Record const& decision) {
        ++story.about_chunk;
        auto const candidates = candidates_of(decision);
        bool const alone = candidates.size() == 1;
        story.alone += alone ? 1 : 0;
        auto const answer = field_text(decision, "answer");
        if (answer != "choose" && answer != "wait_for") {
            return;
        }
        auto const peer = field_text(decision, "peer");
        auto& source = story.sources[peer];
        auto& asked = to_.asked_[story.transfer][{field_number(decision, "chunk"), peer}];
        if (answer == "wait_for") {
            ++source.waited_for;
            asked = std::max<std::uint64_t>(asked, 1);
            return;
        }
        ++asked;
        ++source.chosen;
        if (alone) {
            ++source.alone;
        } else {
            note_merits(source, candidates, peer);
        }
    }

    static void on_place(TransferStory& story, Record const& decision) {
        auto const seconds =
            static_cast<double>(field_number(decision, "t_us") - story.began_us) / us_a_second;
        auto const peer = field_text(decision, "peer");
        auto const other = field_text(decision, "gives_way");
        story.sources[peer].places.push_back({seconds, true, other});
        if (!other.empty()) {
            story.sources[other].places.push_back({seconds, false, peer});
        }
    }

    static void on_damaged(TransferStory& story, Record const& record) {
        auto const damaged = record.at("damaged").get<std::vector<std::string>>();
        story.damaged = damaged.size();
        story.is_damaged = std::ranges::find(damaged, story.name) != damaged.end();
        story.stored_bytes = field_number(record, "stored_bytes");
    }

    void on_outcome(TransferStory& story, Record const& outcome) {
        auto const peer = field_text(outcome, "peer");
        auto& source = story.sources[peer];
        auto& asked = to_.asked_[story.transfer][{field_number(outcome, "chunk"), peer}];
        source.unasked += asked == 0 ? 1 : 0;
        asked -= asked == 0 ? 0 : 1;
        auto const reason = field_text(outcome, "reason");
        bool const others_are = story.damaged > 0 && !story.is_damaged;
        if (reason == "corrupt" && others_are) {
            ++source.chunks;
            source.bytes += story.stored_bytes;
        } else if (reason == "delivered") {
            ++source.chunks;
            source.bytes += field_number(outcome, "bytes");
        } else if (reason == "duplicate") {
            ++source.duplicates;
        } else {
            ++source.failures[reason];
        }
    }

    TraceReader& to_;
};

TraceReader::TraceReader(std::string name) : name_(std::move(name)) {}

TraceReader::~TraceReader() = default;

Status TraceReader::take(std::string_view line) {
    try {
        auto const record = Record::parse(line);
        if (!begun_ && field_text(record, "record") != "trace") {
            return Error{Errc::failed, "it does not begin as a trace of xfs-peer does"};
        }
        if (!begun_ && field_number(record, "format") != trace_format_known) {
            return Error{Errc::failed,
                         "it is of format " + record.value("format", Record()).dump() +
                             ", and this program knows " + std::to_string(trace_format_known)};
        }
        begun_ = true;
        Records(*this).take(record);
    } catch (Record::exception const& error) {
        return Error{Errc::failed, std::string("no record of a trace: ") + error.what()};
    }
    return done();
}

}  // namespace xfsbus::console
