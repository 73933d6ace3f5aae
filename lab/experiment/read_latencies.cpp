#include "experiment/read_latencies.hpp"

#include "experiment/check_where.hpp"
#include "experiment/population.hpp"

#include <xfsbus/swarm/latency_table.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <chrono>
#include <cmath>
#include <set>
#include <string>

namespace xfsbus::lab::experiment {
namespace {

/// A duration of so many milliseconds, to the nanosecond.
wire::Duration milliseconds(double ms) {
    constexpr double nanoseconds = 1e6;
    return wire::Duration(std::chrono::nanoseconds(std::llround(ms * nanoseconds)));
}

// ---- a matrix ----

/// How many rows there are to be; and what they are, for a complaint.
struct MatrixRows {
    std::size_t count = 0;
    std::string words;
};

MatrixRows rows_of(Experiment const& experiment, Latencies& latencies) {
    if (latencies.between == Latencies::Between::groups) {
        auto const count = experiment.groups.size();
        return {count, std::to_string(count) + " groups, in the order of the file"};
    }
    if (latencies.between == Latencies::Between::peers) {
        auto const count = peers_of(experiment);
        return {count, std::to_string(count) + " peers, in the order of the file"};
    }
    std::set<std::uint32_t> racks;
    for (auto const& group : experiment.groups) {
        racks.insert(group.rack.begin(), group.rack.end());
    }
    latencies.racks.assign(racks.begin(), racks.end());
    std::string names;
    for (auto const rack : latencies.racks) {
        names += (names.empty() ? "" : ", ") + std::to_string(rack);
    }
    return {racks.size(), "the racks " + names};
}

void read_row(TableReader& table, toml::array const& row, Latencies& latencies) {
    for (auto const& each : row) {
        auto const ms = each.value<double>().value_or(-1);
        if (!(ms >= 0 && ms <= limits::latency_ms)) {
            return table.wrong(each, "ms", "must be milliseconds, from 0 to 30000");
        }
        latencies.one_way.push_back(milliseconds(ms));
    }
}

void read_matrix(TableReader& table, toml::node const& node, Experiment const& experiment,
                 Latencies& latencies) {
    auto const [count, words] = rows_of(experiment, latencies);
    if (count > limits::pairs_peers) {
        return table.wrong("between", "makes more than 1024 rows");
    }
    auto const* const rows = node.as_array();
    bool fits = rows != nullptr && rows->size() == count;
    for (std::size_t i = 0; fits && i < count; ++i) {
        auto const* const row = rows->get(i)->as_array();
        fits = row != nullptr && row->size() == count;
        if (!fits) {
            return table.wrong(*rows->get(i), "ms",
                               "row " + std::to_string(i + 1) + " must be a list of " +
                                   std::to_string(count) + ": a column for each of " + words);
        }
        read_row(table, *row, latencies);
    }
    if (!fits) {
        return table.wrong(
            node, "ms",
            "must be a list of " + std::to_string(count) + " rows: one for each of " + words);
    }
    latencies.rows = count;
}

// ---- a file ----

/// Endpoints of all peers; what is none is complained of.
std::vector<wire::Endpoint> endpoints_of(TableReader& table, Experiment const& experiment) {
    std::vector<wire::Endpoint> all;
    std::set<wire::Endpoint> known;
    for (auto const& group : experiment.groups) {
        for (auto const& address : group.addresses) {
            auto const endpoint = wire::parse_endpoint(address);
            if (!endpoint || !known.insert(*endpoint).second) {
                table.wrong("file", "[[peers]] address: '" + wire::escape(address) + "' " +
                                        (endpoint ? "is that of two peers" : "is no IP:PORT"));
                return {};
            }
            all.push_back(*endpoint);
        }
    }
    return all;
}

/// The file's figures are round trips; a way is half of that.
void read_file(TableReader& table, Experiment const& experiment, Files const& files,
               Latencies& latencies) {
    auto const name = table.needed_text("file");
    auto const text = files(name, limits::latency_file_bytes);
    if (!text) {
        return table.wrong("file", text.error().message);
    }
    auto const known = swarm::LatencyTable::parse(*text);
    if (!known) {
        return table.wrong("file", "'" + wire::escape(name) + "', " + known.error().message);
    }
    if (peers_of(experiment) > limits::pairs_peers) {
        return table.wrong("file", "goes with 1024 peers at most");
    }
    auto const endpoints = endpoints_of(table, experiment);
    latencies.between = Latencies::Between::peers;
    latencies.rows = endpoints.size();
    for (auto const& from : endpoints) {
        for (auto const& to : endpoints) {
            latencies.one_way.push_back(milliseconds(known->between(from, to) / 2));
        }
    }
}

}  // namespace

void read_latencies(TableReader& table, Experiment& experiment, Where where, Files const& files) {
    auto& latencies = experiment.latencies;
    auto const* const matrix = table.get("ms");
    bool const has_file = table.has("file");
    if ((matrix != nullptr) == has_file) {
        return table.wrong("ms",
                           "write ms = [[...], ...] with between = \"racks\", \"groups\" or "
                           "\"peers\", or file = \"...\"");
    }
    if (has_file == table.has("between")) {
        return table.wrong("between", "belongs to ms, which needs it");
    }
    if (has_file) {
        return read_file(table, experiment, files, latencies);
    }
    constexpr auto first = static_cast<std::size_t>(Latencies::Between::groups);
    latencies.between = static_cast<Latencies::Between>(
        first + table.word("between", 0, {"groups", "racks", "peers"}));
    read_matrix(table, *matrix, experiment, latencies);
    check_where(table, where, latencies);
}

}  // namespace xfsbus::lab::experiment
