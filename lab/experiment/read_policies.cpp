#include "experiment/read_policies.hpp"

#include "experiment/parse.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

namespace xfsbus::lab::experiment {
namespace {

constexpr std::size_t values_most = 64;

/// A value of a grid as a plug-in reads it; nullopt: it is none.
std::optional<std::string> value_of(toml::node const& node) {
    std::ostringstream text;
    if (auto const word = node.value_exact<std::string>()) {
        text << *word;
    } else if (auto const whole = node.value_exact<std::int64_t>()) {
        text << *whole;
    } else if (auto const real = node.value_exact<double>()) {
        text << *real;
    } else if (auto const flag = node.value_exact<bool>()) {
        text << (*flag ? "1" : "0");
    }
    auto const value = text.str();
    bool const fits = !value.empty() && value.size() <= limits::text &&
                      value.find_first_of(",\n") == std::string::npos;
    return fits ? std::optional(value) : std::nullopt;
}

using Rows = std::vector<std::vector<std::pair<std::string, std::string>>>;

/// Each row with each of the values.
Rows times(Rows const& rows, std::string const& key, std::vector<std::string> const& values) {
    Rows product;
    for (auto const& row : rows) {
        for (auto const& value : values) {
            product.push_back(row);
            product.back().emplace_back(key, value);
        }
    }
    return product;
}

Rows read_grid(TableReader& table) {
    Rows rows(1);
    auto const* const node = table.get("parameters");
    if (node == nullptr) {
        return rows;
    }
    auto const* const inner = node->as_table();
    if (inner == nullptr) {
        table.wrong("parameters", "must be a table, such as {load_weight = [1, 10]}");
        return rows;
    }
    Complaint ignored({});
    for (auto const& key : TableReader(ignored, *inner, {}).keys()) {
        std::vector<std::string> values;
        TableReader(ignored, *inner, {}).each(key, values_most, [&](toml::node const& each) {
            values.push_back(value_of(each).value_or(""));
        });
        if (values.empty() || std::ranges::count(values, std::string()) > 0) {
            table.wrong(*inner->get(key), "parameters",
                        "'" + key + "' must be a value, or a list of at most 64, without commas");
            return rows;
        }
        if (rows.size() * values.size() > limits::policies) {
            table.wrong("parameters", "makes more than 256 combinations");
            return rows;
        }
        rows = times(rows, key, values);
    }
    return rows;
}

std::string with_parameters(std::string spec,
                            std::vector<std::pair<std::string, std::string>> const& row) {
    bool first = spec.find('=') == std::string::npos;
    for (auto const& [key, value] : row) {
        spec += first ? ':' : ',';
        spec += key;
        spec += '=';
        spec += value;
        first = false;
    }
    return spec;
}

void read_policy(TableReader& table, std::vector<Policy>& policies) {
    Policy policy;
    policy.name = table.needed_text("name");
    policy.select = table.text("select", {});
    policy.chunk_order = table.text("chunk-order", {});
    policy.upload_choice = table.text("upload-choice", {});
    policy.handout = table.text("handout", {});
    if (table.has("parameters") && policy.select.empty()) {
        table.wrong("parameters", "belong to select, which is missing");
    }
    if (std::ranges::count(policies, policy.name, &Policy::name) > 0) {
        table.wrong("name", "another policy has this name");
    }
    check_spec(table, "chunk-order", policy.chunk_order);
    check_spec(table, "upload-choice", policy.upload_choice);
    check_spec(table, "handout", policy.handout);
    auto const base = policy.select;
    for (auto& row : read_grid(table)) {
        policy.select = with_parameters(base, row);
        check_spec(table, "select", policy.select);
        policy.parameters = std::move(row);
        policies.push_back(policy);
    }
    if (policies.size() > limits::policies) {
        table.wrong("parameters", "there are more than 256 policies with all combinations");
    }
}

}  // namespace

void check_spec(TableReader& table, std::string_view key, std::string const& spec) {
    if (spec.empty()) {
        return;
    }
    try {
        static_cast<void>(policies::parse_plugin_spec(spec));
    } catch (policies::PluginRefused const& refused) {
        table.wrong(key, refused.what());
    }
}

Status add_policy(Experiment& experiment, std::string const& given) {
    auto const equals = given.find('=');
    Policy policy{.name = given.substr(0, equals)};
    policy.select = equals == std::string::npos ? "" : given.substr(equals + 1);
    auto const wrong = [&](std::string const& why) {
        return Error{Errc::usage, "--policy '" + wire::escape(given) + "': " + why};
    };
    if (policy.name.empty() || policy.select.empty() || policy.name.size() > limits::text) {
        return wrong("write NAME=PLUGIN[:key=value,...]");
    }
    if (std::ranges::count(experiment.policies, policy.name, &Policy::name) > 0) {
        return wrong("another policy has this name");
    }
    if (experiment.policies.size() >= limits::policies) {
        return wrong("there are more than 256 policies");
    }
    try {
        static_cast<void>(policies::parse_plugin_spec(policy.select));
    } catch (policies::PluginRefused const& refused) {
        return wrong(refused.what());
    }
    experiment.policies.push_back(std::move(policy));
    return done();
}

void read_policies(TableReader& file, std::vector<Policy>& policies) {
    if (file.get("policy") == nullptr) {
        policies.push_back({.name = "default"});
        return;
    }
    file.tables("policy", limits::policies,
                [&](TableReader& table) { read_policy(table, policies); });
}

}  // namespace xfsbus::lab::experiment
