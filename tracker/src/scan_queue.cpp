#include "scan_queue.hpp"

#include <iterator>
#include <utility>

namespace xfsbus::tracker {

namespace {

/// The one that follows, or the first again. The map is not empty.
template <typename Map>
typename Map::iterator after(Map& map, typename Map::key_type const& key) {
    auto const next = map.upper_bound(key);
    return next == map.end() ? map.begin() : next;
}

}  // namespace

bool ScanQueue::add(Scan&& scan) {
    if (!quota_.take(scan.sender)) {
        return false;
    }
    auto& line = hosts_[scan.sender.host].connections[scan.sender.route];
    line.push_back(std::move(scan));
    ++size_;
    return true;
}

std::optional<Scan> ScanQueue::take() {
    if (hosts_.empty()) {
        return std::nullopt;
    }
    auto const host = after(hosts_, last_);
    auto& connections = host->second.connections;
    auto const connection = after(connections, host->second.last);
    Scan scan = std::move(connection->second.front());
    last_ = host->first;
    host->second.last = connection->first;
    connection->second.pop_front();
    --size_;
    if (connection->second.empty()) {
        connections.erase(connection);
    }
    if (connections.empty()) {
        hosts_.erase(host);
    }
    return scan;
}

void ScanQueue::put_back(Scan&& scan) {
    Host& host = hosts_[scan.sender.host];
    host.last = scan.sender.route;  // also if it was the host's only one
    host.connections[scan.sender.route].push_front(std::move(scan));
    ++size_;
}

void ScanQueue::forget(wire::Route const& route) {
    if (quota_.of_connection(route) == 0) {
        return;
    }
    for (auto host = hosts_.begin(); host != hosts_.end();) {
        auto const line = host->second.connections.extract(route);
        if (!line.empty()) {
            for (Scan const& scan : line.mapped()) {
                done(scan);
                --size_;
            }
        }
        host = host->second.connections.empty() ? hosts_.erase(host) : std::next(host);
    }
}

}  // namespace xfsbus::tracker
