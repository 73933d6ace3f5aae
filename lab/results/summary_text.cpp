// A summary as JSON, and as a table for a terminal.
#include "results/folder.hpp"
#include "results/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace xfsbus::lab::results {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson json_from(std::optional<double> value) {
    return value ? OrderedJson(*value) : OrderedJson();
}

OrderedJson json_from(std::optional<Estimate> const& estimate) {
    return estimate ? OrderedJson{{"mean", estimate->mean},
                                  {"low", estimate->low},
                                  {"high", estimate->high}}
                    : OrderedJson();
}

OrderedJson json_from(RunFigures const& run) {
    return {{"seed", run.seed},
            {"unfinished", run.unfinished},
            {"makespan_s", json_from(run.makespan_s)},
            {"mean_s", json_from(run.mean_s)},
            {"p50_s", json_from(run.p50_s)},
            {"p99_s", json_from(run.p99_s)},
            {"fairness", json_from(run.fairness)},
            {"duplicate_share", run.duplicate_share},
            {"seed_upload_ratio", run.seed_upload_ratio},
            {"messages_per_chunk", json_from(run.messages_per_chunk)},
            {"step_s", seconds_of(run.stored.step())},
            {"bytes_by_step", run.stored.bytes()},
            {"busy", json_from(run.busy)},
            {"bound_s", run.bound.seconds},
            {"binding", name_of(run.bound.term)},
            {"regret", json_from(run.regret)}};
}

/// For each chunk; null: nobody has counted them.
OrderedJson by_kind(PolicySummary const& policy) {
    OrderedJson json;
    for (std::size_t kind = 0; policy.messages_per_chunk && kind < tally::message_names.size();
         ++kind) {
        json[std::string(tally::message_names[kind])] = policy.messages_by_kind[kind];
    }
    return json;
}

OrderedJson json_from(PolicySummary const& policy) {
    OrderedJson json = {
        {"name", policy.name},
        {"parameters", policy.parameters},
        {"makespan_s", json_from(policy.makespan_s)},
        {"mean_s", json_from(policy.mean_s)},
        {"p50_s", json_from(policy.p50_s)},
        {"p99_s", json_from(policy.p99_s)},
        {"bound_s", policy.bound_s},
        {"binding", policy.binding},
        {"regret", json_from(policy.regret)},
        {"fairness", json_from(policy.fairness)},
        {"duplicate_share", json_from(policy.duplicate_share)},
        {"seed_upload_ratio", json_from(policy.seed_upload_ratio)},
        {"messages_per_chunk", json_from(policy.messages_per_chunk)},
        {"messages_by_kind", by_kind(policy)},
        {"rates", {{"step_s", policy.rates.step_s}, {"bytes_per_s", policy.rates.bytes_per_s}}},
        {"bytes_between_racks", OrderedJson::array()},
        {"failed", OrderedJson::array()},
        {"runs", OrderedJson::array()}};
    for (auto const& [way, bytes] : policy.bytes_between_racks) {
        json["bytes_between_racks"].push_back(
            {{"from", way.first}, {"to", way.second}, {"bytes", bytes}});
    }
    for (auto const& failed : policy.failed) {
        json["failed"].push_back({{"seed", failed.seed}, {"why", failed.why}});
    }
    for (auto const& run : policy.runs) {
        json["runs"].push_back(json_from(run));
    }
    return json;
}

// ---- for a terminal ----

std::string mean_text(std::optional<Estimate> const& estimate, char const* form) {
    if (!estimate) {
        return "-";
    }
    return number_text(form, estimate->mean);
}

std::string with_interval(std::optional<Estimate> const& estimate) {
    if (!estimate) {
        return "-";
    }
    return number_text("%.3f", estimate->mean) + number_text(" [%.3f", estimate->low) +
           number_text(", %.3f]", estimate->high);
}

/// Columns as wide as their widest cell; the first to the left, the others to the right.
std::string aligned(std::vector<std::vector<std::string>> const& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string const space(widths[i] - row[i].size(), ' ');
            bool const last = i + 1 == row.size();
            text += i == 0 ? row[i] + space : "  " + (last ? row[i] : space + row[i]);
        }
        text += "\n";
    }
    return text;
}

/// A character for each step of a policy's rates, of which none is above `most`.
std::string strip_of(Rates const& rates, double most) {
    constexpr std::string_view levels = " .:-=+*#%@";
    std::string strip;
    for (double const rate : rates.bytes_per_s) {
        auto const level = std::ceil(rate / most * static_cast<double>(levels.size() - 1));
        strip += levels[std::min(static_cast<std::size_t>(level), levels.size() - 1)];
    }
    return strip;
}

std::string rates_of(Summary const& summary) {
    double most = 0;
    std::vector<std::vector<std::string>> rows = {{"RATE", "A CHARACTER IS", "OVER TIME"}};
    for (auto const& policy : summary.policies) {
        for (double const rate : policy.rates.bytes_per_s) {
            most = std::max(most, rate);
        }
    }
    if (most <= 0) {
        return {};
    }
    for (auto const& policy : summary.policies) {
        rows.push_back({label_of(policy), number_text("%.2f s", policy.rates.step_s),
                        strip_of(policy.rates, most)});
    }
    constexpr double mebi = 1024.0 * 1024;
    return "\n" + aligned(rows) + "@ is " + number_text("%.1f", most / mebi) +
           " MiB/s, of all sinks together\n";
}

std::string messages_of(Summary const& summary) {
    std::vector<std::vector<std::string>> rows = {{"MESSAGES A CHUNK"}};
    for (auto const name : tally::message_names) {
        rows.front().emplace_back(name);
    }
    rows.front().emplace_back("ALL");
    for (auto const& policy : summary.policies) {
        if (!policy.messages_per_chunk) {
            continue;
        }
        rows.push_back({label_of(policy)});
        for (double const messages : policy.messages_by_kind) {
            rows.back().push_back(number_text("%.3f", messages));
        }
        rows.back().push_back(mean_text(policy.messages_per_chunk, "%.3f"));
    }
    return rows.size() > 1 ? "\n" + aligned(rows) : std::string();
}

}  // namespace

std::string json_of(Summary const& summary) {
    OrderedJson json = {{"experiment", summary.experiment},
                        {"situation", summary.situation},
                        {"where", experiment::name_of(summary.where)},
                        {"notes", summary.notes},
                        {"seeds", summary.seeds},
                        {"interrupted", summary.interrupted},
                        {"policies", OrderedJson::array()}};
    for (auto const& policy : summary.policies) {
        json["policies"].push_back(json_from(policy));
    }
    constexpr int indent = 2;
    return json.dump(indent, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string table_of(Summary const& summary) {
    std::vector<std::vector<std::string>> rows = {{"POLICY", "MAKESPAN s", "MEAN s", "P99 s",
                                                   "REGRET", "SEEDS SENT", "FAIR", "RUNS",
                                                   "BOUND BY"}};
    std::string after;
    for (auto const& policy : summary.policies) {
        rows.push_back(
            {label_of(policy), with_interval(policy.makespan_s), with_interval(policy.mean_s),
             mean_text(policy.p99_s, "%.3f"), mean_text(policy.regret, "%.3f"),
             mean_text(policy.seed_upload_ratio, "%.2f"), mean_text(policy.fairness, "%.2f"),
             std::to_string(policy.runs.size()), policy.binding});
        for (auto const& failed : policy.failed) {
            after += "FAILED: " + label_of(policy) + ", seed " + std::to_string(failed.seed) +
                     ": " + failed.why + "\n";
        }
        for (auto const& run : policy.runs) {
            if (run.unfinished > 0) {
                after += "UNFINISHED: " + label_of(policy) + ", seed " + std::to_string(run.seed) +
                         ": " + std::to_string(run.unfinished) + " have not got the file\n";
            }
        }
    }
    return aligned(rows) + rates_of(summary) + messages_of(summary) + after;
}

}  // namespace xfsbus::lab::results
