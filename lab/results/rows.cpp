// The tables of a results folder as CSV (RFC 4180).
#include "results/decisions.hpp"
#include "results/folder.hpp"
#include "results/text.hpp"

namespace xfsbus::lab::results {
namespace {

using experiment::Experiment;

std::string quoted(std::string const& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string in_quotes = "\"";
    for (char const c : text) {
        in_quotes += c;
        if (c == '"') {
            in_quotes += c;
        }
    }
    return in_quotes + "\"";
}

/// Seconds, of whole numbers alone: the same digits everywhere.
std::string seconds_text(wire::Duration time) {
    auto const us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    constexpr std::int64_t million = 1'000'000;
    auto const fraction = std::to_string(million + us % million);
    return std::to_string(us / million) + "." + fraction.substr(1);
}

std::string seconds_text(std::optional<wire::Duration> time) {
    return time ? seconds_text(*time) : std::string();
}

std::string quarters_text(tally::Quarters const& quarters) {
    std::string text;
    for (std::size_t quarter = 0; quarter < tally::Quarters::count; ++quarter) {
        text += seconds_text(quarters.at(quarter)) + ",";
    }
    return text;
}

std::string messages_text(std::optional<tally::Messages> const& messages) {
    std::string text;
    for (std::size_t kind = 0; kind < tally::message_names.size(); ++kind) {
        text += (messages ? std::to_string(messages->counts[kind]) : std::string()) + ",";
    }
    return text;
}

/// "policy,parameters,seed,"
std::string columns_of(Experiment const& experiment, Outcome const& outcome) {
    auto const& policy = experiment.policies[outcome.policy];
    return quoted(policy.name) + "," + quoted(parameters_text(policy)) + "," +
           std::to_string(outcome.seed) + ",";
}

/// "decisions,decision_us"
std::string decisions_text(std::optional<Decisions> const& decisions) {
    return decisions ? std::to_string(decisions->made) + "," +
                           number_text("%.3f", microseconds_each(*decisions))
                     : ",";
}

}  // namespace

std::string csv_of(Experiment const& experiment, std::vector<Outcome> const& outcomes) {
    std::string text =
        "policy,parameters,seed,peer,group,arrived_s,first_chunk_s,quarter_s,half_s,"
        "three_quarters_s,completed_s,bytes_up,bytes_down,";
    for (auto const name : tally::message_names) {
        text += std::string(name) + "_sent,";
    }
    text += "failure\r\n";
    for (auto const* const outcome : by_policy_and_seed(outcomes)) {
        auto const* const run = std::get_if<Run>(&outcome->what);
        if (run == nullptr) {
            constexpr std::size_t empty_columns = 10 + tally::message_names.size();
            text += columns_of(experiment, *outcome) + std::string(empty_columns, ',') +
                    quoted("run: " + std::get<std::string>(outcome->what)) + "\r\n";
            continue;
        }
        for (std::size_t peer = 0; peer < run->peers.size(); ++peer) {
            auto const& row = run->peers[peer];
            text += columns_of(experiment, *outcome) + std::to_string(peer) + "," +
                    quoted(experiment.groups[row.group].name) + "," + seconds_text(row.arrived) +
                    "," + seconds_text(row.first_chunk) + "," + quarters_text(row.quarters) +
                    seconds_text(row.completed) + "," + std::to_string(row.bytes_up) + "," +
                    std::to_string(row.bytes_down) + "," + messages_text(row.messages) +
                    quoted(row.failure) + "\r\n";
        }
    }
    return text;
}

std::string timings_of(Experiment const& experiment, std::vector<Outcome> const& outcomes) {
    std::string text =
        "policy,parameters,seed,processor_s,wall_s,memory_bytes,decisions,decision_us\r\n";
    for (auto const* const outcome : by_policy_and_seed(outcomes)) {
        auto const& timing = outcome->timing;
        text += columns_of(experiment, *outcome) + number_text("%.3f,", timing.processor_s) +
                number_text("%.3f,", timing.wall_s) + std::to_string(timing.memory_bytes) + "," +
                decisions_text(decisions_of(*outcome)) + "\r\n";
    }
    return text;
}

}  // namespace xfsbus::lab::results
