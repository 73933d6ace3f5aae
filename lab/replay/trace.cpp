#include "replay/trace.hpp"

#include <xfsbus/policies/host/words.hpp>
#include <xfsbus/wire/name.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace xfsbus::lab::replay {

using Json = nlohmann::json;

namespace {

constexpr int format_known = 1;
/// A decision about some hundreds of sources is shorter.
constexpr std::size_t line_most = std::size_t{1} << 20U;

/// The number that has this word. Throws if there is none.
template <class Word>
std::uint32_t number_of(std::string const& text, std::uint32_t numbers, Word word) {
    for (std::uint32_t number = 0; number < numbers; ++number) {
        if (word(number) == text) {
            return number;
        }
    }
    throw std::runtime_error("'" + wire::escape(text) + "' means nothing");
}

std::uint32_t flags_from(Json const& words) {
    std::uint32_t flags = 0;
    for (auto const& each : words) {
        for (auto const& [flag, word] : policies::source_flag_words) {
            flags |= each.get<std::string>() == word ? flag : 0;
        }
    }
    return flags;
}

template <typename Number>
void get(Json const& object, char const* name, Number& number) {
    number = object.value(name, number);
}

std::string spec_from(Json const& policy) {
    std::string spec;
    for (auto const& [name, value] : policy.at("parameters").items()) {
        spec += (spec.empty() ? ":" : ",") + name + "=" + value.get<std::string>();
    }
    return policy.at("name").get<std::string>() + spec;
}

}  // namespace

/// Takes a trace in line by line.
class TraceReader {
  public:
    /// False: nothing that follows is of this policy.
    bool take(Json const& record) {
        auto const kind = record.at("record").get<std::string>();
        if (!begun_) {
            begin(kind, record);
        } else if (kind == "policy") {
            trace_.ends_at_swap = true;
            return false;
        } else if (kind == "transfer") {
            file_bytes_[record.at("transfer").get<std::uint64_t>()] =
                record.at("bytes").get<std::uint64_t>();
        } else if (kind == "decision") {
            trace_.events.emplace_back(decision(record));
        } else if (kind == "outcome") {
            trace_.events.emplace_back(ended(record));
        }
        return true;
    }

    [[nodiscard]] bool begun() const { return begun_; }

    Trace finish() { return std::move(trace_); }

  private:
    void begin(std::string const& kind, Json const& record) {
        if (kind != "trace" || record.at("format").get<int>() != format_known) {
            throw std::runtime_error("this is no trace of format " + std::to_string(format_known));
        }
        if (record.contains("handout")) {
            throw std::runtime_error(
                "a tracker has written it, whose decisions are not replayed; "
                "give a trace of a peer");
        }
        auto const& policy = record.at("policy");
        trace_.policy = {.name = policy.at("name").get<std::string>(),
                         .sha256 = policy.at("sha256").get<std::string>(),
                         .spec = spec_from(policy),
                         .seed = record.at("seed").get<std::uint64_t>()};
        begun_ = true;
    }

    char const* kept(std::string const& text) { return trace_.texts_.insert(text).first->c_str(); }

    policies::SourceView source(Json const& object) {
        policies::SourceView view{};
        view.flags = flags_from(object.at("flags"));
        view.endpoint = kept(object.at("peer").get<std::string>());
        view.labels = kept(object.value("labels", std::string()));
        get(object, "source_id", view.source_id);
        get(object, "latency_ms", view.latency_ms);
        get(object, "load", view.load);
        get(object, "rate_bytes_per_s", view.rate_bytes_per_s);
        get(object, "completeness", view.completeness);
        get(object, "outstanding_bytes", view.outstanding_bytes);
        get(object, "requests", view.requests);
        get(object, "window_bytes", view.window_bytes);
        get(object, "held_bytes", view.held_bytes);
        get(object, "delivered_bytes", view.delivered_bytes);
        get(object, "duplicate_bytes", view.duplicate_bytes);
        get(object, "in_use_us", view.in_use_us);
        get(object, "silent_us", view.silent_us);
        get(object, "failures", view.failures);
        get(object, "failures_in_a_row", view.failures_in_a_row);
        get(object, "history_bytes_per_s", view.history_bytes_per_s);
        get(object, "history_age_us", view.history_age_us);
        get(object, "completeness_age_us", view.completeness_age_us);
        return view;
    }

    policies::RequestView request(Json const& record) {
        policies::RequestView view{};
        view.purpose = number_of(record.at("purpose").get<std::string>(), XFSBUS_PURPOSES,
                                 policies::purpose_word);
        get(record, "t_us", view.now_us);
        get(record, "transfer", view.transfer);
        view.file_bytes = file_bytes_[view.transfer];
        get(record, "bytes", view.bytes);
        get(record, "left_bytes", view.left_bytes);
        get(record, "outstanding_bytes", view.outstanding_bytes);
        get(record, "outstanding_most", view.outstanding_most);
        view.chunk = XFSBUS_NO_CHUNK;
        get(record, "chunk", view.chunk);
        get(record, "copies", view.copies);
        get(record, "places", view.places);
        get(record, "places_used", view.places_used);
        get(record, "held_us", view.held_us);
        return view;
    }

    Decision decision(Json const& record) {
        Decision made;
        made.request = request(record);
        for (auto const& each : record.at("sources")) {
            made.sources.push_back(source(each));
        }
        if (record.at("asked").get<std::string>() == "pick") {  // all that it was shown could be
            for (auto& each : made.sources) {
                each.flags |= XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_HAS_ROOM;
            }
        }
        made.answer = answer(record, made.sources);
        made.by_default = record.at("by_default").get<bool>();
        return made;
    }

    static policies::Answer answer(Json const& record,
                                   std::vector<policies::SourceView> const& sources) {
        auto const index = [&](char const* name) {
            auto const peer = record.contains(name) && record.at(name).is_string()
                                  ? record.at(name).get<std::string>()
                                  : std::string();
            auto const found = std::ranges::find_if(
                sources, [&](auto const& each) { return peer == each.endpoint; });
            return found == sources.end() ? 0U
                                          : static_cast<std::uint32_t>(found - sources.begin());
        };
        policies::Answer answer{};
        answer.action = number_of(record.at("answer").get<std::string>(), XFSBUS_ANSWER_LIMIT + 1,
                                  policies::answer_word);
        answer.source = index("peer");
        answer.gives_way = index("gives_way");
        get(record, "again_us", answer.again_us);
        get(record, "limit_bytes", answer.bytes);
        return answer;
    }

    static Ended ended(Json const& record) {
        Ended ended{.peer = record.at("peer").get<std::string>()};
        auto& outcome = ended.outcome;
        outcome.reason = number_of(record.at("reason").get<std::string>(),
                                   XFSBUS_OUTCOME_CORRUPT + 1, policies::outcome_word);
        get(record, "transfer", outcome.transfer);
        get(record, "bytes", outcome.bytes);
        get(record, "elapsed_us", outcome.elapsed_us);
        get(record, "queued_bytes", outcome.queued_bytes);
        get(record, "queued", outcome.queued);
        get(record, "chunk", outcome.chunk);
        return ended;
    }

    Trace trace_;
    bool begun_ = false;
    std::map<std::uint64_t, std::uint64_t> file_bytes_;  ///< by transfer
};

Result<Trace> Trace::read(std::filesystem::path const& file) {
    auto const name = wire::escape(file.string());
    std::ifstream stream(file);
    if (!stream) {
        return Error{Errc::usage, "cannot read the trace '" + name + "'"};
    }
    TraceReader reader;
    std::string line;
    for (std::uint64_t number = 1; std::getline(stream, line); ++number) {
        auto const where = name + ":" + std::to_string(number) + ": ";
        if (line.size() > line_most) {
            return Error{Errc::usage, where + "the line is too long"};
        }
        try {
            if (!reader.take(Json::parse(line))) {
                break;
            }
        } catch (std::exception const& error) {
            if (stream.eof()) {
                break;  // the peer was killed while it wrote this
            }
            return Error{Errc::usage, where + (reader.begun() ? "" : "this is no trace: ") +
                                          wire::escape(error.what())};
        }
    }
    if (!reader.begun()) {
        return Error{Errc::usage, name + ": this is no trace: it is empty"};
    }
    return reader.finish();
}

}  // namespace xfsbus::lab::replay
