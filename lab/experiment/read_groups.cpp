#include "experiment/read_groups.hpp"

#include "experiment/check_where.hpp"
#include "experiment/read_policies.hpp"
#include "experiment/units.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace xfsbus::lab::experiment {
namespace {

// ---- links ----

/// The rate that this is, or a complaint about the key.
std::uint64_t rate_of(TableReader& table, std::string_view key, toml::node const& node) {
    auto const text = text_of(node);
    auto const rate =
        text ? parse_rate(*text)
             : Result<std::uint64_t>(Error{Errc::usage,
                                           "must be a rate, such as \"100Mbit/s\", a list of "
                                           "them, {uniform = [LEAST, MOST]} or {lognormal = "
                                           "[MEDIAN, SIGMA]}"});
    if (!rate) {
        table.wrong(node, key, rate.error().message);
        return 0;
    }
    return *rate;
}

/// The only pair in a distribution such as {uniform = ["1MB/s", "2MB/s"]}.
void read_distribution(TableReader& table, std::string_view key, toml::table const& node,
                       Rates& rates) {
    auto const* const uniform = node.get_as<toml::array>("uniform");
    auto const* const lognormal = node.get_as<toml::array>("lognormal");
    auto const* const pair = uniform != nullptr ? uniform : lognormal;
    if (node.size() != 1 || pair == nullptr || pair->size() != 2) {
        return table.wrong(node, key,
                           "is no distribution; write {uniform = [LEAST, MOST]} or {lognormal = "
                           "[MEDIAN, SIGMA]}");
    }
    rates.values = {rate_of(table, key, *pair->get(0))};
    if (uniform != nullptr) {
        rates.kind = Rates::Kind::uniform;
        rates.values.push_back(rate_of(table, key, *pair->get(1)));
        if (rates.values[0] > rates.values[1]) {
            table.wrong(node, key, "the first rate of uniform is the least");
        }
        return;
    }
    rates.kind = Rates::Kind::lognormal;
    rates.sigma = pair->get(1)->value<double>().value_or(-1);
    if (!(rates.sigma >= 0 && rates.sigma <= limits::sigma)) {
        table.wrong(node, key, "the sigma of lognormal must be a number from 0 to 3");
    }
}

Rates read_rates(TableReader& table, std::string_view key) {
    Rates rates;
    auto const* const node = table.get(key);
    if (node == nullptr) {
        table.wrong(key, "is missing; write for example " + std::string(key) + " = \"100Mbit/s\"");
    } else if (auto const* const inner = node->as_table()) {
        read_distribution(table, key, *inner, rates);
    } else {
        rates.kind = node->is_array() ? Rates::Kind::list : Rates::Kind::constant;
        table.each(key, limits::peers, [&](toml::node const& each) {
            rates.values.push_back(rate_of(table, key, each));
        });
    }
    return rates;
}

// ---- groups ----

/// What other tables need to know of each peer.
struct Needs {
    bool addresses = false;  ///< of a latency file
    bool hosts = false;      ///< of a platform
};

Needs needs_of(TableReader& file) {
    auto const* const latency = file.get("latency");
    auto const* const table = latency != nullptr ? latency->as_table() : nullptr;
    return {table != nullptr && table->contains("file"), file.has("platform")};
}

std::vector<std::uint32_t> read_racks(TableReader& table) {
    std::vector<std::uint32_t> racks;
    table.each("rack", limits::racks, [&](toml::node const& each) {
        auto const number = each.value_exact<std::int64_t>().value_or(-1);
        if (number < 0 || number >= limits::racks) {
            table.wrong(each, "rack", "must be a number from 0 to 9999, or a list of them");
        }
        racks.push_back(static_cast<std::uint32_t>(number));
    });
    return racks.empty() ? std::vector<std::uint32_t>{0} : racks;
}

/// Whether groups say it, which they do if something needs it: "belongs to ..." else.
bool has_needed(TableReader& table, char const* key, bool needed, char const* otherwise) {
    if (table.has(key) && !needed) {
        table.wrong(key, otherwise);
    }
    return table.has(key);
}

std::vector<std::string> read_names(TableReader& table, char const* key, std::uint32_t count) {
    std::vector<std::string> names;
    table.each(key, limits::pairs_peers, [&](toml::node const& each) {
        auto const name = text_of(each).value_or("");
        if (name.empty() || name.size() > limits::text) {
            table.wrong(each, key, "must be a text, or a list of them");
        }
        names.push_back(name);
    });
    if (names.size() != count) {
        table.wrong(key, "has " + std::to_string(names.size()) +
                             " elements; write one for each "
                             "of the " +
                             std::to_string(count) + " peers");
        return {};
    }
    return names;
}

/// What a latency file or a platform knows its peers by.
void read_places(TableReader& table, Group& group, Needs const& needs) {
    if (has_needed(table, "address", needs.addresses, "belongs to [latency] file")) {
        group.addresses = read_names(table, "address", group.count);
    } else if (needs.addresses) {
        table.wrong("address",
                    "is missing; write for example address = \"10.0.0.1:7471\", as the "
                    "latency file calls it, or a list with one for each peer");
    }
    if (has_needed(table, "host", needs.hosts, "belongs to [platform]")) {
        group.hosts = read_names(table, "host", group.count);
    }
}

/// With a platform it says what links there are.
void read_links(TableReader& table, Group& group, Needs const& needs) {
    if (!needs.hosts) {
        group.up = read_rates(table, "up");
        group.down = read_rates(table, "down");
        group.rack = read_racks(table);
        group.far = table.time("far", {});
        group.others = static_cast<std::uint32_t>(table.number("others", 0, 0, limits::others));
        return;
    }
    for (auto const* const key : {"up", "down", "rack", "far", "others"}) {
        if (table.get(key) != nullptr) {
            table.wrong(key, "does not go with [platform], which says what links there are");
        }
    }
    group.up.values = {limits::rate_most};
    group.down.values = {limits::rate_most};
}

Group read_group(TableReader& table, std::size_t number, Needs const& needs) {
    Group group;
    group.name = table.text("name", "peers" + std::to_string(number));
    group.count = static_cast<std::uint32_t>(table.number("count", 1, 1, limits::peers));
    read_links(table, group, needs);
    read_places(table, group, needs);
    group.labels = table.text("labels", {});
    group.role = table.word("role", 1, {"seed", "sink"}) == 0 ? Role::seed : Role::sink;
    group.conduct = static_cast<Conduct>(table.word("conduct", 0, {"honest", "lies", "stalls"}));
    group.serves = table.flag("serves", true);
    group.select = table.text("policy", {});
    check_spec(table, "policy", group.select);
    if (table.has("arrives")) {
        group.arrives = table.time("arrives", {});
    }
    return group;
}

}  // namespace

void read_groups(TableReader& file, Experiment& experiment, Where where) {
    std::uint64_t peers = 0;
    auto const needs = needs_of(file);
    file.tables("peers", limits::groups, [&](TableReader& table) {
        experiment.groups.push_back(read_group(table, experiment.groups.size() + 1, needs));
        auto const& group = experiment.groups.back();
        peers += group.count;
        if (peers > limits::peers) {
            table.wrong("count", "there are more than 100000 peers");
        }
        check_where(table, where, group, peers);
        auto const same = std::ranges::count(experiment.groups, group.name, &Group::name);
        if (same > 1) {
            table.wrong("name", "another group has this name");
        }
    });
}

}  // namespace xfsbus::lab::experiment
