#include "handout_trace.hpp"

#include <xfsbus/trace/trace_file.hpp>
#include <xfsbus/trace/words.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace xfsbus::tracker {

namespace {

using Json = nlohmann::ordered_json;

char const* word_of(HandoutRule rule) {
    switch (rule) {
        case HandoutRule::all:
            return "all";
        case HandoutRule::built_in:
            return "built_in";
        case HandoutRule::policy:
            return "policy";
        case HandoutRule::made_good:
            break;
    }
    return "made_good";
}

char const* word_of(wire::FindBy by) {
    switch (by) {
        case wire::FindBy::name:
            return "name";
        case wire::FindBy::glob:
            return "pattern";
        case wire::FindBy::content_prefix:
            break;
    }
    return "content";
}

Json to_json(LoadedHandout const& handout) {
    return trace::policy_words<Json>(handout.name, handout.version, handout.sha256,
                                     handout.parameters);
}

Json to_json(Candidate const& candidate) {
    Json object = {{"peer", candidate.listens.to_string()}, {"have_ppm", candidate.have_ppm}};
    if (!candidate.labels.empty()) {
        object["labels"] = candidate.labels;
    }
    trace::put_if_any(object, "load", candidate.load);
    trace::put_if_any(object, "draw", candidate.draw);
    if (candidate.rank) {
        object["rank"] = *candidate.rank;
    }
    return object;
}

Json to_json(std::vector<wire::Endpoint> const& peers) {
    Json list = Json::array();
    for (auto const& peer : peers) {
        list.push_back(peer.to_string());
    }
    return list;
}

Json candidates(HandedOut const& handed, bool named) {
    Json list = Json::array();
    for (auto const& each : handed.candidates) {
        if (each.named == named) {
            list.push_back(to_json(each));
        }
    }
    return list;
}

Json json_of(HandedOut const& handed, std::uint64_t t_us) {
    Json object = {{"record", "handed_out"},
                   {"t_us", t_us},
                   {"find", handed.find},
                   {"asker_host", handed.asker_host}};
    if (handed.asker) {
        object["asker"] = handed.asker->to_string();
        object["asker_labels"] = handed.asker_labels;
    }
    object["by"] = word_of(handed.by);
    object["name"] = handed.name;
    object["content"] = wire::to_hex(handed.content);
    object["bytes"] = handed.bytes;
    object["rule"] = word_of(handed.rule);
    object["seed"] = handed.seed;
    object["wanted"] = handed.wanted;
    object["known"] = handed.known;
    object["sources"] = candidates(handed, true);
    object["others"] = candidates(handed, false);
    object["answered"] = to_json(handed.answered);
    object["unanswered"] = to_json(handed.unanswered);
    return object;
}

}  // namespace

Result<std::shared_ptr<HandoutTrace>> HandoutTrace::create(Options options) {
    auto file = trace::TraceFile::create(
        {.path = options.path,
         .bytes_most = options.bytes_most,
         .on_failed = [log = options.log, name = options.path.string()](std::string const& why) {
             log(trace::trace_ended(name, why));
         }});
    if (!file) {
        return file.error();
    }
    return std::make_shared<HandoutTrace>(std::move(*file), std::move(options.now_us));
}

HandoutTrace::HandoutTrace(std::unique_ptr<trace::TraceFile> file,
                           std::function<std::uint64_t()> now_us)
    : file_(std::move(file)), now_us_(std::move(now_us)), begun_us_(now_us_()) {}

/// What a file begins with says who decides in it; where another one comes, a record says so too.
void HandoutTrace::on_loaded(LoadedHandout const& handout) {
    policy_ = handout.policy;
    auto const words = to_json(handout);
    auto head = trace::line_of(Json{{"record", "trace"},
                                    {"format", trace::format},
                                    {"version", XFSBUS_VERSION},
                                    {"of", "tracker"},
                                    {"handout", words}});
    file_->set_head([head] { return head; });
    auto now =
        begun_ ? trace::line_of(Json{{"record", "handout"}, {"t_us", t_us()}, {"handout", words}})
               : head;
    file_->put([now] { return now; });
    begun_ = true;
}

void HandoutTrace::on_handout(HandedOut handed) {
    file_->put(
        [handed = std::move(handed), at = t_us()] { return trace::line_of(json_of(handed, at)); });
}

bool HandoutTrace::made_good() const {
    return policy_ && policy_->by_default();
}

}  // namespace xfsbus::tracker
