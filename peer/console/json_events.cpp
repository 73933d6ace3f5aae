#include "json_events.hpp"

#include "outcome.hpp"
#include "push_view.hpp"

#include <xfsbus/program/run.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace xfsbus::console {
namespace {

Json optional(auto const& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json list_of(auto const& all, auto const& convert) {
    Json list = Json::array();
    for (auto const& one : all) {
        list.push_back(convert(one));
    }
    return list;
}

Json source_of_file(peer::SourceStatus const& source) {
    return {{"peer", source.endpoint},
            {"bytes", source.bytes},
            {"bytes_duplicate", source.bytes_duplicate},
            {"chunks_rejected", source.chunks_rejected},
            {"bytes_per_second", source.bytes_per_second},
            {"state", source.words}};
}

Json source_in_use(peer::SourceStatus const& source) {
    auto object = source_of_file(source);
    object["credit_bytes"] = source.credit_bytes;
    object["outstanding_bytes"] = source.outstanding_bytes;
    return object;
}

Json running_file(peer::FileProgress const& file) {
    return {{"name", file.name},
            {"bytes_done", file.bytes_done},
            {"bytes_total", file.bytes_total},
            {"bytes_per_second", file.bytes_per_second},
            {"sources", file.sources}};
}

Json downloading(peer::DownloadStatus const& file) {
    return {{"name", file.name},
            {"content", file.content},
            {"bytes_done", file.bytes_done},
            {"bytes_total", file.bytes_total},
            {"bytes_duplicate", file.bytes_duplicate},
            {"chunks_rejected", file.chunks_rejected},
            {"bytes_per_second", file.bytes_per_second},
            {"seconds_waited", file.seconds_waited},
            {"sources", list_of(file.sources, source_in_use)}};
}

Json uploading(peer::UploadStatus const& upload) {
    return {{"content", upload.content},
            {"sink", upload.sink},
            {"bytes", upload.bytes},
            {"bytes_per_second", upload.bytes_per_second},
            {"credit_bytes", upload.credit_bytes},
            {"queued_chunks", upload.queued_chunks}};
}

Json parameters_of(peer::PolicyUsed const& policy) {
    Json parameters = Json::object();
    for (auto const& [name, value] : policy.parameters) {
        parameters[name] = value;
    }
    return parameters;
}

Json policy_used(std::shared_ptr<peer::PolicyUsed const> const& policy) {
    if (!policy) {
        return nullptr;
    }
    return {{"name", policy->name},
            {"version", policy->version},
            {"sha256", policy->hash},
            {"parameters", parameters_of(*policy)},
            {"seed", policy->seed}};
}

Json purposes_of(peer::PolicyInfo const& policy) {
    Json purposes = Json::object();
    for (auto const& use : policy.purposes) {
        purposes[use.purpose] = {{"asked", use.asked},
                                 {"one_candidate", use.alone},
                                 {"faults", use.faults},
                                 {"over_budget", use.over_budget},
                                 {"seconds", use.seconds}};
    }
    return purposes;
}

Json trace_of(peer::PolicyInfo const& policy) {
    if (!policy.trace) {
        return nullptr;
    }
    return {{"file", policy.trace->file.string()},
            {"records", policy.trace->records},
            {"dropped", policy.trace->dropped},
            {"trouble", policy.trace->trouble}};
}

Json push_target(peer::PushTarget const& target, std::uint64_t size) {
    Json object = {{"ip", target.host},
                   {"port", target.port},
                   {"state", name_of(target.state)},
                   {"bytes", target.bytes},
                   {"percent", percent_of(target, size)},
                   {"seconds", target.seconds}};
    if (!target.reason.empty()) {
        object["reason"] = target.reason;
    }
    return object;
}

}  // namespace

Json to_json(peer::UpdateSummary const& summary) {
    return {{"event", "updated"},         {"files", summary.files},
            {"bytes", summary.bytes},     {"hashed", summary.hashed},
            {"skipped", summary.skipped}, {"links", summary.links},
            {"ignored", summary.ignored}, {"private_files", summary.private_files}};
}

Json to_json(peer::FoundSource const& source) {
    return {{"event", "source"},
            {"name", source.name},
            {"content", source.content},
            {"size", source.size},
            {"ip", source.host},
            {"port", source.port},
            {"labels", source.labels},
            {"self", source.self},
            {"latency_ms", optional(source.latency_ms)},
            {"load", optional(source.load)},
            {"cost", optional(source.cost)},
            {"share_percent", source.share_percent}};
}

Json to_json(peer::DownloadProgress const& progress) {
    return {{"event", "progress"},
            {"name", progress.name},
            {"bytes_done", progress.bytes_done},
            {"bytes_total", progress.bytes_total},
            {"files_done", progress.files_done},
            {"files_total", progress.files_total},
            {"bytes_per_second", progress.bytes_per_second},
            {"sources", progress.sources},
            {"running", list_of(progress.running, running_file)}};
}

Json to_json(peer::DownloadedFile const& file) {
    Json object = {{"event", "downloaded"},
                   {"name", file.name},
                   {"content", file.content},
                   {"size", file.size},
                   {"ok", !file.error},
                   {"present", file.present},
                   {"bytes_fetched", file.bytes_fetched},
                   {"bytes_resumed", file.bytes_resumed},
                   {"bytes_duplicate", file.bytes_duplicate},
                   {"chunks_rejected", file.chunks_rejected},
                   {"chunks_surplus", file.chunks_surplus},
                   {"seconds", file.seconds},
                   {"seconds_waited", file.seconds_waited},
                   {"seconds_stalled", file.seconds_stalled},
                   {"sources", list_of(file.sources, source_of_file)},
                   {"policy", policy_used(file.policy)},
                   {"chunk_order", policy_used(file.chunk_order)}};
    if (file.error) {
        object["code"] = program::exit_code(file.error->code);
        object["error"] = file.error->message;
    }
    return object;
}

Json summary_to_json(peer::DownloadReport const& report) {
    return {{"event", "summary"},
            {"files", report.files.size()},
            {"failed", failed_files(report)},
            {"present", present_files(report)},
            {"bytes_fetched", report.bytes_fetched},
            {"seconds", report.seconds},
            {"policy", policy_used(report.policy)},
            {"chunk_order", policy_used(report.chunk_order)}};
}

Json to_json(JobRow const& job) {
    return {{"event", "job"},
            {"job", job.number},
            {"state", job.state},
            {"command", job.command},
            {"bytes_done", job.bytes_done},
            {"bytes_total", job.bytes_total},
            {"bytes_per_second", job.bytes_per_second}};
}

Json to_json(peer::KnownPeer const& peer) {
    return {{"event", "peer"},       {"ip", peer.host},   {"port", peer.port},
            {"files", peer.files},   {"load", peer.load}, {"heard_ms_ago", peer.heard_ms_ago},
            {"labels", peer.labels}, {"self", peer.self}, {"id", peer.id}};
}

std::string_view word_of(peer::PeerChange what) {
    switch (what) {
        case peer::PeerChange::there:
            return "there";
        case peer::PeerChange::appeared:
            return "appeared";
        case peer::PeerChange::changed:
            return "changed";
        case peer::PeerChange::gone:
            break;
    }
    return "gone";
}

Json to_json(peer::PeerChanged const& change) {
    auto json = to_json(change.peer);
    json["event"] = "peer_change";
    json["what"] = word_of(change.what);
    return json;
}

Json to_json(peer::SharedFileInfo const& file) {
    return {{"event", "file"}, {"name", file.name}, {"content", file.content}, {"size", file.size}};
}

std::string_view word_of(peer::ListingChange what) {
    switch (what) {
        case peer::ListingChange::there:
            return "there";
        case peer::ListingChange::appeared:
            return "appeared";
        case peer::ListingChange::changed:
            return "changed";
        case peer::ListingChange::holders:
            return "holders";
        case peer::ListingChange::gone:
            break;
    }
    return "gone";
}

Json to_json(peer::ListedFile const& file) {
    return {{"event", "listed"}, {"name", file.name},         {"content", file.content},
            {"size", file.size}, {"complete", file.complete}, {"partial", file.partial}};
}

Json to_json(peer::ListingChanged const& change) {
    auto json = to_json(change.file);
    json["event"] = "change";
    json["what"] = word_of(change.what);
    return json;
}

Json to_json(peer::PeerStatus const& status) {
    Json json = {{"event", "status"},
                 {"ip", status.host},
                 {"port", status.port},
                 {"tracker", status.tracker},
                 {"tracker_connected", status.tracker_connected},
                 {"tracker_trouble", status.tracker_trouble},
                 {"directory", status.directory},
                 {"policy", status.policy},
                 {"chunk_order", status.chunk_order},
                 {"upload_policy", status.upload_policy},
                 {"integrity", status.integrity},
                 {"downloading", list_of(status.downloading, downloading)},
                 {"uploading", list_of(status.uploading, uploading)}};
    for (auto const& counter : status.counters) {
        json[std::string(counter.name)] = counter.value;
    }
    return json;
}

namespace {

/// Beside the fields of the peer selection. `decision`: what one of its is called, in the plural.
void put_policy(Json& json, std::string const& prefix, char const* decision,
                peer::PolicyInfo const& policy) {
    json[prefix] = policy.name;
    json[prefix + "_version"] = policy.version;
    json[prefix + "_path"] = policy.path.string();
    json[prefix + "_sha256"] = policy.hash;
    json[prefix + "_parameters"] = parameters_of(policy);
    json[prefix + "_" + decision] = policy.picks;
    json[prefix + "_faults"] = policy.faults;
    json[prefix + "_slow"] = policy.slow;
    json[prefix + "_over_budget"] = policy.over_budget;
    json[prefix + "_fallbacks"] = policy.fallbacks;
    json[prefix + "_seconds"] = policy.seconds;
}

}  // namespace

Json to_json(PoliciesInForce const& policies) {
    auto const& policy = policies.selection;
    Json json = {{"event", "policy"},
                 {"name", policy.name},
                 {"version", policy.version},
                 {"description", policy.description},
                 {"path", policy.path.string()},
                 {"sha256", policy.hash},
                 {"parameters", parameters_of(policy)},
                 {"seed", policy.seed},
                 {"picks", policy.picks},
                 {"faults", policy.faults},
                 {"slow", policy.slow},
                 {"over_budget", policy.over_budget},
                 {"fallbacks", policy.fallbacks},
                 {"seconds", policy.seconds},
                 {"purposes", purposes_of(policy)},
                 {"trace", trace_of(policy)}};
    put_policy(json, "chunk_order", "batches", policies.chunk_order);
    put_policy(json, "upload_policy", "decisions", policies.upload);
    return json;
}

namespace {

Json push_event(char const* event, peer::PushReport const& report) {
    auto const count = [&](peer::PushState state) {
        return std::ranges::count(report.targets, state, &peer::PushTarget::state);
    };
    return {{"event", event},
            {"name", report.name},
            {"content", report.content},
            {"size", report.size},
            {"there", count(peer::PushState::there)},
            {"failed", count(peer::PushState::failed)},
            {"refused", count(peer::PushState::refused)},
            {"seconds", report.seconds},
            {"targets", list_of(report.targets, [&](auto const& target) {
                 return push_target(target, report.size);
             })}};
}

}  // namespace

Json to_json(peer::PushProgress const& progress) {
    auto event = push_event("push", progress.file);
    event["files_total"] = progress.files;
    event["files_done"] = progress.files_done;
    return event;
}

Json to_json(peer::PushReport const& report, std::size_t lacking) {
    auto event = push_event("pushed", report);
    event["lacking"] = lacking;
    return event;
}

Json to_json(peer::PushResult const& result, std::size_t lacking) {
    return {{"event", "push_summary"},     {"files", result.files.size()},
            {"lacking", lacking},          {"settled", result.settled},
            {"left_out", result.left_out}, {"seconds", result.seconds}};
}

}  // namespace xfsbus::console
