#include "jobs/ranking.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace xfsbus::peer::jobs {
namespace {

FoundSource describe(wire::FoundFile const& file, wire::SourceEntry const& source,
                     Finder::Probed const& probed, Viewpoint const& from) {
    FoundSource row;
    row.name = file.name;
    row.content = wire::to_hex(file.content);
    row.size = file.size;
    row.host = source.listens.host;
    row.port = source.listens.port;
    row.labels = source.labels;
    row.self = source.peer == from.self;
    row.share_percent = 100.0 * source.have_ppm / wire::complete_ppm;
    auto const found = probed.find(source.listens);
    if (row.self) {
        row.latency_ms = 0;
        row.load = from.load;
    } else if (found != probed.end()) {
        row.latency_ms = found->second.latency_ms;
        row.load = found->second.load;
    }
    return row;
}

/// The strings must outlive the view.
policies::SourceView view_of(FoundSource const& row, std::string const& endpoint,
                             swarm::SourceId id) {
    policies::SourceView view{};
    view.source_id = static_cast<std::uint64_t>(id);
    view.endpoint = endpoint.c_str();
    view.labels = row.labels.c_str();
    view.latency_ms = *row.latency_ms;
    view.load = *row.load;
    view.completeness = row.share_percent / 100.0;
    return view;
}

}  // namespace

std::vector<FoundSource> rank_file(wire::FoundFile const& file, Finder::Probed const& probed,
                                   Viewpoint const& from, PolicySlot& policy) {
    std::vector<FoundSource> rows;
    for (auto const& source : file.sources) {
        rows.push_back(describe(file, source, probed, from));
    }
    auto const silent = std::stable_partition(
        rows.begin(), rows.end(), [](auto const& row) { return row.latency_ms.has_value(); });
    std::vector<wire::Endpoint> endpoints;
    std::vector<std::string> texts;
    for (auto row = rows.begin(); row != silent; ++row) {
        endpoints.push_back({row->host, row->port});
        texts.push_back(endpoints.back().to_string());
    }
    std::vector<policies::SourceView> views;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        views.push_back(view_of(rows[i], texts[i], from.source_ids.of(endpoints[i])));
        rows[i].cost = policy.cost(views[i]);
    }
    auto const now = from.now.time_since_epoch();
    policies::RequestView request{};
    request.purpose = XFSBUS_PURPOSE_RANK;
    request.now_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    request.file_bytes = request.bytes = request.left_bytes = file.size;
    request.chunk = XFSBUS_NO_CHUNK;
    std::vector<FoundSource> ranked;
    for (auto const index : policies::rank(policy, request, views, policy.rng())) {
        ranked.push_back(rows[index]);
    }
    std::move(silent, rows.end(), std::back_inserter(ranked));
    return ranked;
}

}  // namespace xfsbus::peer::jobs
