#include "telemetry/trace_json.hpp"

#include <xfsbus/policies/host/words.hpp>
#include <xfsbus/trace/words.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace xfsbus::peer::telemetry {
namespace {

using Json = nlohmann::ordered_json;

using trace::put_if_any;

Json to_json(PolicyUsed const& policy) {
    return trace::policy_words<Json>(policy.name, policy.version, policy.hash, policy.parameters);
}

Json flags_of(policies::SourceView const& source) {
    Json flags = Json::array();
    for (auto const& [flag, word] : policies::source_flag_words) {
        if (policies::has(source, flag)) {
            flags.push_back(word);
        }
    }
    return flags;
}

Json to_json(SourceSeen const& seen) {
    auto const& view = seen.view;
    Json object = {{"peer", seen.endpoint}, {"flags", flags_of(view)}};
    if (!seen.labels.empty()) {
        object["labels"] = seen.labels;
    }
    put_if_any(object, "source_id", view.source_id);
    put_if_any(object, "latency_ms", view.latency_ms);
    put_if_any(object, "load", view.load);
    put_if_any(object, "rate_bytes_per_s", view.rate_bytes_per_s);
    put_if_any(object, "completeness", view.completeness);
    put_if_any(object, "outstanding_bytes", view.outstanding_bytes);
    put_if_any(object, "requests", view.requests);
    put_if_any(object, "window_bytes", view.window_bytes);
    put_if_any(object, "held_bytes", view.held_bytes);
    put_if_any(object, "delivered_bytes", view.delivered_bytes);
    put_if_any(object, "duplicate_bytes", view.duplicate_bytes);
    put_if_any(object, "in_use_us", view.in_use_us);
    put_if_any(object, "silent_us", view.silent_us);
    put_if_any(object, "failures", view.failures);
    put_if_any(object, "failures_in_a_row", view.failures_in_a_row);
    put_if_any(object, "history_bytes_per_s", view.history_bytes_per_s);
    put_if_any(object, "history_age_us", view.history_age_us);
    put_if_any(object, "completeness_age_us", view.completeness_age_us);
    return object;
}

void put_request(Json& object, policies::RequestView const& request) {
    object["transfer"] = request.transfer;
    object["purpose"] = policies::purpose_word(request.purpose);
    if (request.chunk != XFSBUS_NO_CHUNK) {
        object["chunk"] = request.chunk;
        object["copies"] = request.copies;
    }
    object["bytes"] = request.bytes;
    object["left_bytes"] = request.left_bytes;
    object["outstanding_bytes"] = request.outstanding_bytes;
    object["outstanding_most"] = request.outstanding_most;
    object["places"] = request.places;
    object["places_used"] = request.places_used;
    put_if_any(object, "held_us", request.held_us);
}

void put_answer(Json& object, DecisionMade const& made) {
    auto const& answer = made.answer;
    auto const peer = [&](std::uint32_t source) {
        return source < made.sources.size() ? Json(made.sources[source].endpoint) : Json(nullptr);
    };
    object["answer"] = policies::answer_word(answer.action);
    bool const chosen = answer.action == XFSBUS_ANSWER_CHOOSE;
    if (chosen || answer.action == XFSBUS_ANSWER_WAIT_FOR) {
        object["peer"] = peer(answer.source);
    }
    if (chosen && made.request.purpose == XFSBUS_PURPOSE_REPLACE) {
        object["gives_way"] = peer(answer.gives_way);
    }
    put_if_any(object, "again_us", answer.again_us);
    if (answer.action == XFSBUS_ANSWER_LIMIT) {
        object["limit_bytes"] = answer.bytes;
    }
}

Json json_of(TraceBegun const& begun) {
    return {{"record", "trace"},
            {"format", trace::format},
            {"version", XFSBUS_VERSION},
            {"seed", begun.policy.seed},
            {"policy", to_json(begun.policy)},
            {"chunk_order", to_json(begun.chunk_order)}};
}

Json json_of(PolicySwapped const& swapped) {
    return {{"record", "policy"}, {"t_us", swapped.t_us}, {"policy", to_json(swapped.policy)}};
}

Json json_of(OrderSwapped const& swapped) {
    return {{"record", "chunk_order"},
            {"t_us", swapped.t_us},
            {"chunk_order", to_json(swapped.chunk_order)}};
}

Json json_of(TransferBegun const& begun) {
    Json object = {{"record", "transfer"},
                   {"t_us", begun.t_us},
                   {"transfer", begun.transfer},
                   {"name", begun.name},
                   {"content", begun.content},
                   {"bytes", begun.bytes},
                   {"chunk_bytes", begun.chunk_bytes},
                   {"chunks", begun.chunks},
                   {"chunks_here", begun.chunks_here}};
    if (!begun.others.empty()) {
        object["others"] = begun.others;
    }
    return object;
}

Json json_of(DecisionMade const& made) {
    Json object = {{"record", "decision"}, {"t_us", made.t_us}};
    put_request(object, made.request);
    object["asked"] = made.operation;
    object["sources"] = Json::array();
    for (auto const& source : made.sources) {
        object["sources"].push_back(to_json(source));
    }
    put_answer(object, made);
    object["by_default"] = made.by_default;
    object["cost_ns"] = made.cost_ns;
    return object;
}

Json json_of(RequestEnded const& ended) {
    auto const& outcome = ended.outcome;
    return {{"record", "outcome"},
            {"t_us", ended.t_us},
            {"transfer", outcome.transfer},
            {"chunk", outcome.chunk},
            {"peer", ended.endpoint},
            {"reason", policies::outcome_word(outcome.reason)},
            {"bytes", outcome.bytes},
            {"elapsed_us", outcome.elapsed_us},
            {"queued_bytes", outcome.queued_bytes},
            {"queued", outcome.queued}};
}

Json json_of(FilesDamaged const& files) {
    return {{"record", "damaged"},        {"t_us", files.t_us},
            {"transfer", files.transfer}, {"damaged", files.damaged},
            {"stored", files.stored},     {"stored_bytes", files.stored_bytes}};
}

}  // namespace

std::string to_line(TraceRecord const& record) {
    return std::visit([](auto const& each) { return trace::line_of(json_of(each)); }, record);
}

}  // namespace xfsbus::peer::telemetry
