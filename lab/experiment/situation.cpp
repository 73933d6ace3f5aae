#include "experiment/experiment.hpp"

#include <xfsbus/policies/host/sha256.hpp>

#include <nlohmann/json.hpp>

namespace xfsbus::lab::experiment {
namespace {

using Json = nlohmann::ordered_json;

Json of(Rates const& rates) {
    return {
        {"kind", static_cast<int>(rates.kind)}, {"values", rates.values}, {"sigma", rates.sigma}};
}

Json of(Group const& group) {
    return {{"name", group.name},
            {"count", group.count},
            {"up", of(group.up)},
            {"down", of(group.down)},
            {"labels", group.labels},
            {"rack", group.rack},
            {"role", static_cast<int>(group.role)},
            {"conduct", static_cast<int>(group.conduct)},
            {"serves", group.serves},
            {"far", group.far.count()},
            {"others", group.others},
            {"select", group.select},
            {"arrives", group.arrives ? Json(group.arrives->count()) : Json()}};
}

Json of(Arrivals const& arrivals) {
    Json times = Json::array();
    for (auto const time : arrivals.times) {
        times.push_back(time.count());
    }
    return {{"kind", static_cast<int>(arrivals.kind)},
            {"first", arrivals.first.count()},
            {"per_second", arrivals.per_second},
            {"times", std::move(times)}};
}

Json of(Latencies const& latencies) {
    Json ways = Json::array();
    for (auto const way : latencies.one_way) {
        ways.push_back(way.count());
    }
    return {{"between", static_cast<int>(latencies.between)},
            {"racks", latencies.racks},
            {"one_way", std::move(ways)}};
}

}  // namespace

std::string parameters_text(Policy const& policy) {
    std::string text;
    for (auto const& [key, value] : policy.parameters) {
        text += text.empty() ? "" : ",";
        text += key;
        text += '=';
        text += value;
    }
    return text;
}

std::string situation_hash(Experiment const& experiment) {
    Json all = {
        {"network",
         {{"latency", experiment.network.latency.count()},
          {"rack_link", experiment.network.rack_link},
          {"core_link", experiment.network.core_link}}},
        {"content",
         {{"bytes", experiment.content.bytes}, {"chunk_bytes", experiment.content.chunk_bytes}}},
        {"arrivals", of(experiment.arrivals)},
        {"churn", {{"leave", experiment.churn.leave}, {"crash", experiment.churn.crash}}},
        {"places", experiment.fetching.places ? Json(*experiment.fetching.places) : Json()},
        {"stop", experiment.stop.count()}};
    for (auto const& group : experiment.groups) {
        all["peers"].push_back(of(group));
    }
    if (experiment.latencies.between != Latencies::Between::nobody) {
        all["latencies"] = of(experiment.latencies);
    }
    if (experiment.placement) {
        all["platform"] = {{"hash", experiment.placement->hash},
                           {"hosts", experiment.placement->hosts}};
    }
    return policies::sha256_hex(all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace xfsbus::lab::experiment
