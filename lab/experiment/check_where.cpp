#include "experiment/check_where.hpp"

#include <xfsbus/wire/manifest.hpp>

#include <string>

namespace xfsbus::lab::experiment {
namespace {

/// What a complaint about a key ends with.
std::string or_simulate(std::string const& what_to_do) {
    return "; " + what_to_do + ", or run it with --sim";
}

}  // namespace

void check_where(TableReader& table, Where where, Group const& group, std::uint64_t peers) {
    if (where == Where::sim) {
        return;
    }
    if (peers > limits::live_peers) {
        table.wrong("count", "there are more than 250 peers, each of which is a program" +
                                 or_simulate("write fewer"));
    }
    if (group.conduct != Conduct::honest) {
        table.wrong("conduct", "a real peer neither lies nor stalls" + or_simulate("remove it"));
    }
    if (group.others > 0) {
        table.wrong("others", "a real peer serves nobody beside the swarm" +
                                  or_simulate("write the rate that is left as up"));
    }
}

void check_where(TableReader& table, Where where, Network const& network) {
    if (where == Where::live && network.rack_link > 0) {
        table.wrong("rack-link",
                    "peers limit their own links only; remove it, or run it with "
                    "--netns or --sim");
    }
    if (where != Where::sim && network.core_link > 0) {
        table.wrong("core-link", "there is no link that all racks share" +
                                     or_simulate("write rack-link in its place"));
    }
}

void check_where(TableReader& table, Where where, Latencies const& latencies) {
    if (where == Where::sim) {
        return;
    }
    for (std::size_t from = 0; from < latencies.rows; ++from) {
        for (std::size_t to = 0; to < from; ++to) {
            if (latencies.one_way[from * latencies.rows + to] !=
                latencies.one_way[to * latencies.rows + from]) {
                return table.wrong("ms", "row " + std::to_string(to + 1) +
                                             " has another figure "
                                             "for column " +
                                             std::to_string(from + 1) +
                                             " than that row for this column, and real peers "
                                             "know one for both ways" +
                                             or_simulate("write the same"));
            }
        }
    }
}

void check_platform(TableReader& table, Where where) {
    if (where != Where::sim) {
        table.wrong("file", "real programs have links of peers and racks only" +
                                or_simulate("remove [platform] and write up, down and rack-link"));
    }
}

void check_where(TableReader& table, Where where, Content const& content) {
    auto const usual = wire::chunk_size_for(content.bytes);
    if (where != Where::sim && content.chunk_bytes != usual) {
        constexpr std::uint32_t kibi = 1024;
        table.wrong("chunk-size", "the chunks of real peers follow from the size of the file" +
                                      or_simulate("remove it, or write \"" +
                                                  std::to_string(usual / kibi) + "K\""));
    }
}

void check_where(TableReader& table, Where where, Fetching const& fetching) {
    if (where != Where::sim && fetching.places.value_or(0) > limits::live_places) {
        table.wrong("places", "a real peer has 256 at most" + or_simulate("write 256"));
    }
}

}  // namespace xfsbus::lab::experiment
