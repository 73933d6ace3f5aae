#pragma once

#include <xfsbus/swarm/sorted_table.hpp>
#include <xfsbus/swarm/upload_parts.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace xfsbus::swarm {

/// What is served to whom. Part of Uploads, which alone changes it.
struct UploadTable {
    /// nullptr: it is not open.
    [[nodiscard]] UploadTransfer const* find(wire::TransferId const& transfer) const;
    /// The connections over which transfers are open.
    [[nodiscard]] std::vector<SinkRoute> routes() const;

    /// Whether a transfer to this sink is open.
    [[nodiscard]] bool serves(wire::Endpoint const& sink) const { return served.contains(sink); }

    /// Those that are open, in the order in which they were opened.
    [[nodiscard]] std::vector<wire::TransferId> transfers_of(wire::ContentId const& content) const;
    [[nodiscard]] std::vector<wire::TransferId> transfers_of(UploadSink const& sink) const;
    [[nodiscard]] std::vector<wire::TransferId> transfers_of(SinkRoute const& route) const;

    std::unordered_map<wire::TransferId, UploadTransfer> transfers;
    std::map<SinkKey, UploadSink> sinks;
    std::map<wire::Endpoint, std::size_t> served;          ///< connections that have a place there
    SortedTable<SinkRoute, UploadConnection> connections;  ///< those with transfers
    std::map<std::string, UploadHost> hosts;               ///< those with transfers
    std::size_t places = 0;                                ///< of sinks
    std::size_t memory = 0;                                ///< bytes that the transfers take
    std::uint64_t looked_at = 0;  ///< chunks of queues, in decisions: what these cost
};

}  // namespace xfsbus::swarm
