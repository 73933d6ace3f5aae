#include "answers.hpp"

#include "json_events.hpp"
#include "outcome.hpp"
#include "push_view.hpp"
#include "sizes.hpp"
#include "status_text.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace xfsbus::console {
namespace {

std::string number_or_dash(std::optional<double> const& value) {
    return value ? fmt::format("{:.2f}", *value) : "-";
}

/// What is no fault and is not shared all the same: ", 2 symbolic links, 1 ignored".
std::string left_out(peer::UpdateSummary const& scan) {
    std::string text;
    if (scan.links > 0) {
        text += fmt::format(", {} symbolic link{}", scan.links, scan.links == 1 ? "" : "s");
    }
    if (scan.ignored > 0) {
        text += fmt::format(", {} ignored", scan.ignored);
    }
    return text;
}

/// For the line of a peer that is ready: "; not shared: 1 skipped, 2 symbolic links".
std::string not_shared(peer::UpdateSummary const& scan) {
    auto const skipped = scan.skipped > 0 ? fmt::format(", {} skipped", scan.skipped) : "";
    auto const all = skipped + left_out(scan);
    return all.empty() ? "" : "; not shared: " + all.substr(2);
}

double percent_of(JobRow const& job) {
    return job.bytes_total == 0
               ? 0
               : 100.0 * static_cast<double>(job.bytes_done) / static_cast<double>(job.bytes_total);
}

std::string rate_of(std::uint64_t bytes, double seconds) {
    return show_size(static_cast<double>(bytes) / std::max(seconds, 1e-3)) + "/s";
}

std::vector<std::string> words_of(peer::ListedFile const& file) {
    return {std::to_string(file.size), std::to_string(file.complete), std::to_string(file.partial),
            file.content.substr(0, short_id_digits), wire::escape(file.name)};
}

std::string labels_of(peer::KnownPeer const& peer) {
    return (peer.labels.empty() ? "-" : wire::escape(peer.labels)) +
           (peer.self ? " (this peer)" : "");
}

/// The object in JSON, else the text.
void print(Printer const& printer, Json object, std::string const& text) {
    if (printer.json()) {
        printer.object(std::move(object));
    } else {
        printer.line(text);
    }
    printer.flush();
}

/// For each item an object in JSON, else the row that `row_of` makes of it.
template <typename Item, typename RowOf>
void print_table(Printer const& printer, std::vector<Item> const& items,
                 std::vector<std::string> header, RowOf row_of) {
    Rows rows;
    for (auto const& item : items) {
        if (printer.json()) {
            printer.object(to_json(item));
        } else {
            rows.push_back(row_of(item));
        }
    }
    if (!printer.json()) {
        printer.table(std::move(header), std::move(rows));
    }
    printer.flush();
}

void print_summary(Printer const& printer, peer::DownloadReport const& report) {
    auto const failed = failed_files(report);
    auto const present = present_files(report);
    printer.line(
        fmt::format("{} files, {} failed; {} fetched, {} already here; {} in {:.2f} s ({})",
                    report.files.size(), failed, report.files.size() - failed - present, present,
                    size_of(report.bytes_fetched), report.seconds,
                    rate_of(report.bytes_fetched, report.seconds)));
}

void print_downloaded(Printer const& printer, peer::DownloadedFile const& file) {
    if (printer.json()) {
        return printer.object(to_json(file));
    }
    auto const name = wire::escape(file.name);
    if (file.error) {
        return printer.error("'" + name + "'", *file.error);
    }
    if (file.present) {
        return printer.line(name + ": already here, with equal content");
    }
    auto const used =
        std::ranges::count_if(file.sources, [](auto const& source) { return source.bytes > 0; });
    auto line = fmt::format("{}: {} verified in {:.2f} s ({}) from {} source{}", name,
                            size_of(file.size), file.seconds,
                            rate_of(file.bytes_fetched, file.seconds), used, used == 1 ? "" : "s");
    if (file.bytes_resumed > 0) {
        line += fmt::format(", {} of it was here already", size_of(file.bytes_resumed));
    }
    if (file.chunks_rejected > 0) {
        line += fmt::format(", {} corrupt chunks refused", file.chunks_rejected);
    }
    printer.line(line);
}

}  // namespace

void print_ready(Printer const& printer, peer::PeerStatus const& status, bool to_out) {
    auto const files = value_of(status.counters, "files");
    wire::Endpoint const at{status.host, status.port};
    auto const text = fmt::format("ready on tcp://{}, sharing {} of {}{}", at.to_string(),
                                  files == 1 ? "1 file" : fmt::format("{} files", files),
                                  wire::escape(status.directory), not_shared(status.scan));
    if (!printer.json() && !to_out) {
        return printer.note(text);
    }
    print(printer,
          {{"event", "ready"},
           {"ip", status.host},
           {"port", status.port},
           {"tracker", status.tracker},
           {"directory", status.directory},
           {"files", files},
           {"hashed", status.scan.hashed},
           {"skipped", status.scan.skipped},
           {"links", status.scan.links},
           {"ignored", status.scan.ignored},
           {"private_files", status.scan.private_files}},
          "xfs-peer: " + text);
}

void print_update(Printer const& printer, peer::UpdateSummary const& summary) {
    print(printer, to_json(summary),
          fmt::format("{} files, {}; {} hashed, {} skipped{}; the tracker has the list",
                      summary.files, size_of(summary.bytes), summary.hashed, summary.skipped,
                      left_out(summary)));
}

void print_load(Printer const& printer, std::string const& host, std::uint16_t port,
                std::uint32_t load) {
    print(printer, {{"event", "load"}, {"ip", host}, {"port", port}, {"load", load}},
          std::to_string(load));
}

void print_sources(Printer const& printer, std::vector<peer::FoundSource> const& sources) {
    print_table(printer, sources,
                {"IP", "PORT", "LATENCY_MS", "LOAD", "COST", "SHARE%", "VERSION", "NAME"},
                [](peer::FoundSource const& source) -> std::vector<std::string> {
                    return {wire::escape(source.host),
                            std::to_string(source.port),
                            number_or_dash(source.latency_ms),
                            source.load ? std::to_string(*source.load) : "-",
                            number_or_dash(source.cost),
                            fmt::format("{:.0f}%", source.share_percent),
                            source.content.substr(0, short_id_digits),
                            wire::escape(source.name) + (source.self ? " (this peer)" : "")};
                });
}

void print_downloaded(Printer const& printer, peer::DownloadReport const& report) {
    for (auto const& file : report.files) {
        print_downloaded(printer, file);
    }
    if (printer.json()) {
        printer.object(summary_to_json(report));
    } else if (report.files.size() > 1) {
        print_summary(printer, report);
    }
    printer.flush();
}

void print_pushed(Printer const& printer, peer::PushResult const& result,
                  peer::PushRequest const& request) {
    bool const several = result.files.size() > 1;
    std::size_t lack = 0;
    Rows rows;
    for (auto const& report : result.files) {
        auto const of_file = lacking(report, request);
        lack += of_file;
        if (printer.json()) {
            printer.object(to_json(report, of_file));
        } else {
            std::ranges::move(push_rows(report, several), std::back_inserter(rows));
        }
    }
    if (printer.json()) {
        printer.object(to_json(result, lack));
        return printer.flush();
    }
    std::vector<std::string> header = {"IP", "PORT", "STATE", "PERCENT", "SECONDS"};
    if (several) {
        header.emplace_back("NAME");
    }
    header.emplace_back("REASON");
    printer.table(std::move(header), std::move(rows));
    printer.flush();
}

void print_jobs(Printer const& printer, std::vector<JobRow> const& jobs) {
    print_table(printer, jobs, {"JOB", "STATE", "PERCENT", "RATE", "COMMAND"},
                [](JobRow const& job) -> std::vector<std::string> {
                    return {std::to_string(job.number), std::string(job.state),
                            fmt::format("{:.0f}%", percent_of(job)),
                            show_size(job.bytes_per_second) + "/s", wire::escape(job.command)};
                });
}

void print_peers(Printer const& printer, std::vector<peer::KnownPeer> const& peers) {
    print_table(printer, peers, {"IP", "PORT", "FILES", "LOAD", "HEARD_MS_AGO", "LABELS"},
                [](peer::KnownPeer const& peer) -> std::vector<std::string> {
                    return {wire::escape(peer.host),           std::to_string(peer.port),
                            std::to_string(peer.files),        std::to_string(peer.load),
                            std::to_string(peer.heard_ms_ago), labels_of(peer)};
                });
}

void print_files(Printer const& printer, std::vector<peer::SharedFileInfo> const& files) {
    print_table(printer, files, {"SIZE", "VERSION", "NAME"},
                [](peer::SharedFileInfo const& file) -> std::vector<std::string> {
                    return {std::to_string(file.size), file.content.substr(0, short_id_digits),
                            wire::escape(file.name)};
                });
}

void print_list(Printer const& printer, std::vector<peer::ListedFile> const& files) {
    print_table(printer, files, {"SIZE", "COMPLETE", "PARTIAL", "VERSION", "NAME"}, words_of);
}

void print_change(Printer const& printer, peer::ListingChanged const& change) {
    std::string text(word_of(change.what));
    for (auto const& word : words_of(change.file)) {
        text += " " + word;
    }
    print(printer, to_json(change), text);
}

void print_change(Printer const& printer, peer::PeerChanged const& change) {
    auto const& peer = change.peer;
    print(printer, to_json(change),
          fmt::format("{} peer {} {} {} {}", word_of(change.what), wire::escape(peer.host),
                      peer.port, peer.id, labels_of(peer)));
}

void print_status(Printer const& printer, peer::PeerStatus const& status) {
    print(printer, to_json(status), status_text(status));
}

void print_policy(Printer const& printer, PoliciesInForce const& policies) {
    print(printer, to_json(policies), policy_text(policies));
}

void print_help(Printer const& printer, std::string const& text) {
    print(printer, {{"event", "help"}, {"text", text}}, text);
}

void print_progress(Printer const& printer, peer::DownloadProgress const& progress) {
    printer.object(to_json(progress));
    printer.flush();
}

void print_progress(Printer const& printer, peer::PushProgress const& progress) {
    printer.object(to_json(progress));
    printer.flush();
}

}  // namespace xfsbus::console
