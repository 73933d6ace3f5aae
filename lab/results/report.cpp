#include "results/report.hpp"

#include "results/chart.hpp"
#include "results/text.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace xfsbus::lab::results {
namespace {

/// A line of more points looks the same.
constexpr std::size_t points_most = 400;

constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)";

constexpr std::string_view style = R"(</title>
<style>
body { font: 16px/1.45 sans-serif; color: #000; background: #fff; max-width: 46rem; margin: 0 auto;
  padding: 0 0.75rem 3rem; }
h1, h2 { line-height: 1.2; }
.chart { width: 100%; height: auto; }
.chart text { font: 13px sans-serif; fill: #000; }
.grid { stroke: #ccc; stroke-width: 1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid #999; padding: 0.2rem 0.5rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
ul.keys { list-style: none; padding: 0; }
.key { vertical-align: middle; margin-right: 0.5rem; }
@media (max-width: 480px) { .chart text { font-size: 20px; } }
</style>
</head>
<body>
)";

std::string cell(std::optional<Estimate> const& estimate, char const* form = "%.3f") {
    return "<td>" + (estimate ? number_text(form, estimate->mean) : "-") + "</td>";
}

Series series_of(PolicySummary const& policy) {
    Series series{label_of(policy), {}};
    auto const& durations = policy.durations;
    std::size_t const step =
        std::max<std::size_t>((durations.size() + points_most - 1) / points_most, 1);
    for (std::size_t i = 0; i < durations.size(); ++i) {
        if ((i + 1) % step == 0 || i + 1 == durations.size()) {
            series.points.emplace_back(
                durations[i], static_cast<double>(i + 1) / static_cast<double>(durations.size()));
        }
    }
    return series;
}

std::string spread(Summary const& summary) {
    std::vector<Series> series;
    std::string keys = "<ul class=\"keys\">\n";
    for (std::size_t i = 0; i < summary.policies.size(); ++i) {
        series.push_back(series_of(summary.policies[i]));
        keys += "<li>" + marker_of(i) + html(series.back().label) + "</li>\n";
    }
    return "<h2>How the downloads are spread</h2>\n"
           "<p>The share of downloads of all seeds that were done so many seconds after their peer "
           "came.</p>\n" +
           steps_chart(series, "seconds of a download") + keys + "</ul>\n";
}

/// A point for each step, and one at the end of the last.
Series rates_series_of(PolicySummary const& policy) {
    Series series{label_of(policy), {}};
    constexpr double mebi = 1024.0 * 1024;
    double from = 0;
    for (double const rate : policy.rates.bytes_per_s) {
        series.points.emplace_back(from, rate / mebi);
        from += policy.rates.step_s;
    }
    if (!series.points.empty()) {
        series.points.emplace_back(from, 0);
    }
    return series;
}

std::string over_time(Summary const& summary) {
    std::vector<Series> series;
    series.reserve(summary.policies.size());
    for (auto const& policy : summary.policies) {
        series.push_back(rates_series_of(policy));
    }
    return "<h2>How fast it went</h2>\n"
           "<p>What all sinks together stored, over time, in the mean of the seeds. The lines are "
           "those above.</p>\n" +
           rates_chart(series, "seconds since the run began", "MiB per second");
}

std::string messages(Summary const& summary) {
    std::string rows;
    for (auto const& policy : summary.policies) {
        if (!policy.messages_per_chunk) {
            continue;
        }
        rows += "<tr><td>" + html(label_of(policy)) + "</td>";
        for (double const each : policy.messages_by_kind) {
            rows += "<td>" + number_text("%.3f", each) + "</td>";
        }
        rows += cell(policy.messages_per_chunk) + "</tr>\n";
    }
    if (rows.empty()) {
        return {};
    }
    std::string head_row = "<tr><th>policy</th>";
    for (auto const name : tally::message_names) {
        head_row += "<th>" + std::string(name) + "</th>";
    }
    return "<h2>Messages for each chunk</h2>\n"
           "<p>Control messages of all peers, by kind, for each chunk that was stored.</p>\n"
           "<div class=\"scroll\"><table id=\"messages\">\n" +
           head_row + "<th>all</th></tr>\n" + rows + "</table></div>\n";
}

std::string whiskers(Summary const& summary, char const* title, char const* words,
                     std::optional<Estimate> PolicySummary::*member, char const* x_label) {
    std::vector<Whisker> rows;
    for (auto const& policy : summary.policies) {
        if (auto const& estimate = policy.*member) {
            rows.push_back({label_of(policy), estimate->low, estimate->mean, estimate->high});
        }
    }
    return "<h2>" + std::string(title) + "</h2>\n<p>" + words + "</p>\n" +
           whisker_chart(rows, x_label);
}

std::string regret(Summary const& summary) {
    std::string out =
        "<h2>Beside the least possible</h2>\n"
        "<p>The bound is what no policy can beat here; the regret is the makespan over it.</p>\n"
        "<div class=\"scroll\"><table id=\"regret\">\n<tr><th>policy</th><th>regret</th>"
        "<th>makespan s</th><th>bound s</th><th>bound by</th><th>99 % s</th><th>seeds sent</th>"
        "<th>fairness</th><th>in vain</th><th>messages a chunk</th><th>runs</th></tr>\n";
    for (auto const& policy : summary.policies) {
        out += "<tr><td>" + html(label_of(policy)) + "</td>" + cell(policy.regret) +
               cell(policy.makespan_s) + "<td>" + number_text("%.3f", policy.bound_s) +
               "</td><td>" + html(policy.binding) + "</td>" + cell(policy.p99_s) +
               cell(policy.seed_upload_ratio, "%.2f") + cell(policy.fairness, "%.2f") +
               cell(policy.duplicate_share, "%.4f") + cell(policy.messages_per_chunk, "%.1f") +
               "<td>" + std::to_string(policy.runs.size()) + "</td></tr>\n";
    }
    return out + "</table></div>\n";
}

std::string matrix(PolicySummary const& policy) {
    std::set<std::uint32_t> racks;
    for (auto const& [way, bytes] : policy.bytes_between_racks) {
        racks.insert({way.first, way.second});
    }
    std::string out = "<h3>" + html(label_of(policy)) +
                      "</h3>\n<div class=\"scroll\"><table class=\"racks\">\n<tr><th>MB from, "
                      "to</th>";
    for (auto const to : racks) {
        out += "<th>" + std::to_string(to) + "</th>";
    }
    out += "</tr>\n";
    for (auto const from : racks) {
        out += "<tr><th>" + std::to_string(from) + "</th>";
        for (auto const to : racks) {
            auto const found = policy.bytes_between_racks.find({from, to});
            constexpr double mega = 1e6;
            out += "<td>" +
                   (found == policy.bytes_between_racks.end()
                        ? std::string("-")
                        : number_text("%.1f", found->second / mega)) +
                   "</td>";
        }
        out += "</tr>\n";
    }
    return out + "</table></div>\n";
}

std::string between_racks(Summary const& summary) {
    std::string out;
    for (auto const& policy : summary.policies) {
        out += policy.bytes_between_racks.empty() ? "" : matrix(policy);
    }
    return out.empty() ? out : "<h2>Bytes between racks</h2>\n" + out;
}

std::string place_of(experiment::Where where) {
    switch (where) {
        case experiment::Where::live:
            return "live: real programs on one machine";
        case experiment::Where::netns:
            return "live: real programs on one machine, each in a network of its own";
        case experiment::Where::sim:
            break;
    }
    return "in virtual time";
}

std::string failures(Summary const& summary) {
    std::string out;
    for (auto const& warning : warnings_of(summary)) {
        out += "<li>" + html(warning) + "</li>\n";
    }
    for (auto const& policy : summary.policies) {
        for (auto const& failed : policy.failed) {
            out += "<li>" + html(label_of(policy)) + ", seed " + std::to_string(failed.seed) +
                   ": " + html(failed.why) + "</li>\n";
        }
        for (auto const& run : policy.runs) {
            if (run.unfinished > 0) {
                out += "<li>" + html(label_of(policy)) + ", seed " + std::to_string(run.seed) +
                       ": " + std::to_string(run.unfinished) + " have not got the file</li>\n";
            }
        }
    }
    return out.empty() ? out : "<h2>What went wrong</h2>\n<ul id=\"wrong\">\n" + out + "</ul>\n";
}

}  // namespace

std::string html(std::string const& text) {
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string report_of(Summary const& summary) {
    std::string out(head);
    out += html(summary.experiment);
    out += style;
    out += "<h1>" + html(summary.experiment) + "</h1>\n<p>" +
           std::to_string(summary.policies.size()) + " policies, " +
           std::to_string(summary.seeds.size()) + " seeds, " + place_of(summary.where) +
           ". Intervals hold with 95 % confidence." +
           (summary.interrupted ? " It was ended early: some runs are missing." : "") + "</p>\n";
    for (auto const& note : summary.notes) {
        out += "<p>" + html(note) + "</p>\n";
    }
    out += spread(summary);
    out += over_time(summary);
    out += whiskers(summary, "Makespan", "Seconds until the last had the file.",
                    &PolicySummary::makespan_s, "makespan, seconds");
    out += whiskers(summary, "Mean", "Seconds that a download took, in the mean.",
                    &PolicySummary::mean_s, "mean of a download, seconds");
    out += regret(summary);
    out += messages(summary);
    out += between_racks(summary);
    out += failures(summary);
    return out + "</body>\n</html>\n";
}

}  // namespace xfsbus::lab::results
