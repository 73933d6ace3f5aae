#include <xfsbus/swarm/upload_table.hpp>

#include <algorithm>

namespace xfsbus::swarm {

UploadTransfer const* UploadTable::find(wire::TransferId const& transfer) const {
    auto const found = transfers.find(transfer);
    return found == transfers.end() ? nullptr : &found->second;
}

std::vector<SinkRoute> UploadTable::routes() const {
    std::vector<SinkRoute> routes;
    for (auto const& [route, connection] : connections) {
        routes.push_back(route);
    }
    return routes;
}

std::vector<wire::TransferId> UploadTable::transfers_of(SinkRoute const& route) const {
    std::vector<wire::TransferId> ids;
    if (auto const found = connections.find(route); found != connections.end()) {
        for (auto const& [serial, transfer] : found->second.transfers) {
            ids.push_back(transfer->id);
        }
    }
    return ids;
}

std::vector<wire::TransferId> UploadTable::transfers_of(UploadSink const& sink) const {
    std::vector<wire::TransferId> ids;
    if (auto const found = connections.find(sink.key.first); found != connections.end()) {
        for (auto const& [serial, transfer] : found->second.transfers) {
            if (transfer->to == &sink) {
                ids.push_back(transfer->id);
            }
        }
    }
    return ids;
}

std::vector<wire::TransferId> UploadTable::transfers_of(wire::ContentId const& content) const {
    std::map<std::uint64_t, wire::TransferId> ids;
    for (auto const& [id, transfer] : transfers) {
        if (transfer.content == content) {
            ids.emplace(transfer.serial, id);
        }
    }
    std::vector<wire::TransferId> all;
    std::ranges::transform(ids, std::back_inserter(all),
                           [](auto const& each) { return each.second; });
    return all;
}

}  // namespace xfsbus::swarm
