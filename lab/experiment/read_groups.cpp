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

Group read_group(TableReader& table, std::size_t number) {
    Group group;
    group.name = table.text("name", "peers" + std::to_string(number));
    group.count = static_cast<std::uint32_t>(table.number("count", 1, 1, limits::peers));
    group.up = read_rates(table, "up");
    group.down = read_rates(table, "down");
    group.labels = table.text("labels", {});
    group.rack = read_racks(table);
    group.role = table.word("role", 1, {"seed", "sink"}) == 0 ? Role::seed : Role::sink;
    group.conduct = static_cast<Conduct>(table.word("conduct", 0, {"honest", "lies", "stalls"}));
    group.serves = table.flag("serves", true);
    group.far = table.time("far", {});
    group.others = static_cast<std::uint32_t>(table.number("others", 0, 0, limits::others));
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
    file.tables("peers", limits::groups, [&](TableReader& table) {
        experiment.groups.push_back(read_group(table, experiment.groups.size() + 1));
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
