#include "printer.hpp"

#include "json_events.hpp"
#include "outcome.hpp"
#include "policy_text.hpp"
#include "push_view.hpp"
#include "sizes.hpp"
#include "status_text.hpp"

#include <xfsbus/program/run.hpp>
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

}  // namespace

/// One of many lines: who writes the last of them flushes.
void Printer::write_one(Json object) const {
    if (options_.job) {
        object["job"] = *options_.job;
    }
    // Names are UTF-8; whatever is not (an error's text could quote anything) is replaced.
    out_ << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

void Printer::write(Json object) const {
    write_one(std::move(object));
    out_ << std::flush;
}

Printer Printer::of_job(unsigned number) const {
    auto options = options_;
    options.job = number;
    return {options, out_, err_};
}

void Printer::ready(peer::PeerStatus const& status, bool to_out) const {
    auto const files = value_of(status.counters, "files");
    if (json()) {
        return write({{"event", "ready"},
                      {"ip", status.host},
                      {"port", status.port},
                      {"tracker", status.tracker},
                      {"directory", status.directory},
                      {"files", files},
                      {"hashed", status.scan.hashed},
                      {"skipped", status.scan.skipped},
                      {"links", status.scan.links},
                      {"ignored", status.scan.ignored},
                      {"private_files", status.scan.private_files}});
    }
    wire::Endpoint const at{status.host, status.port};
    auto const line =
        fmt::format("xfs-peer: ready on tcp://{}, sharing {} of {}{}\n", at.to_string(),
                    files == 1 ? "1 file" : fmt::format("{} files", files),
                    wire::escape(status.directory), not_shared(status.scan));
    (to_out ? out_ : err_) << line << std::flush;
}

void Printer::update(peer::UpdateSummary const& summary) const {
    if (json()) {
        return write(to_json(summary));
    }
    text(fmt::format("{} files, {}; {} hashed, {} skipped{}; the tracker has the list",
                     summary.files, size_of(summary.bytes), summary.hashed, summary.skipped,
                     left_out(summary)));
}

void Printer::load(std::string const& host, std::uint16_t port, std::uint32_t load) const {
    if (json()) {
        return write({{"event", "load"}, {"ip", host}, {"port", port}, {"load", load}});
    }
    text(std::to_string(load));
}

void Printer::sources(std::vector<peer::FoundSource> const& sources) const {
    Rows rows;
    for (auto const& source : sources) {
        if (json()) {
            write_one(to_json(source));
            continue;
        }
        rows.push_back({wire::escape(source.host), std::to_string(source.port),
                        number_or_dash(source.latency_ms),
                        source.load ? std::to_string(*source.load) : "-",
                        number_or_dash(source.cost), fmt::format("{:.0f}%", source.share_percent),
                        source.content.substr(0, short_id_digits),
                        wire::escape(source.name) + (source.self ? " (this peer)" : "")});
    }
    table({"IP", "PORT", "LATENCY_MS", "LOAD", "COST", "SHARE%", "VERSION", "NAME"},
          std::move(rows));
}

// ---- downloads ----

void Printer::progress(peer::DownloadProgress const& progress) const {
    write(to_json(progress));
}

void Printer::downloaded(peer::DownloadReport const& report) const {
    for (auto const& file : report.files) {
        downloaded(file);
    }
    if (json()) {
        return write(summary_to_json(report));
    }
    if (report.files.size() > 1) {
        summary(report);
    }
    out_ << std::flush;
}

void Printer::summary(peer::DownloadReport const& report) const {
    auto const failed = failed_files(report);
    auto const present = present_files(report);
    text(fmt::format("{} files, {} failed; {} fetched, {} already here; {} in {:.2f} s ({})",
                     report.files.size(), failed, report.files.size() - failed - present, present,
                     size_of(report.bytes_fetched), report.seconds,
                     rate_of(report.bytes_fetched, report.seconds)));
}

void Printer::downloaded(peer::DownloadedFile const& file) const {
    if (json()) {
        return write_one(to_json(file));
    }
    auto const name = wire::escape(file.name);
    if (file.error) {
        return error("'" + name + "'", *file.error);
    }
    if (file.present) {
        out_ << name << ": already here, with equal content\n";
        return;
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
    out_ << line << '\n';
}

// ---- pushes ----

void Printer::progress(peer::PushProgress const& progress) const {
    write(to_json(progress));
}

void Printer::pushed(peer::PushResult const& result, peer::PushRequest const& request) const {
    if (json()) {
        std::size_t lack = 0;
        for (auto const& report : result.files) {
            lack += lacking(report, request);
            write(to_json(report, lacking(report, request)));
        }
        return write(to_json(result, lack));
    }
    Rows rows;
    bool const several = result.files.size() > 1;
    for (auto const& report : result.files) {
        auto more = push_rows(report, several);
        std::ranges::move(more, std::back_inserter(rows));
    }
    std::vector<std::string> header = {"IP", "PORT", "STATE", "PERCENT", "SECONDS"};
    if (several) {
        header.emplace_back("NAME");
    }
    header.emplace_back("REASON");
    table(std::move(header), std::move(rows));
}

// ---- jobs ----

void Printer::jobs(std::vector<JobRow> const& jobs) const {
    Rows rows;
    for (auto const& job : jobs) {
        if (json()) {
            write_one(to_json(job));
            continue;
        }
        rows.push_back({std::to_string(job.number), std::string(job.state),
                        fmt::format("{:.0f}%", percent_of(job)),
                        show_size(job.bytes_per_second) + "/s", wire::escape(job.command)});
    }
    table({"JOB", "STATE", "PERCENT", "RATE", "COMMAND"}, std::move(rows));
}

// ---- what there is ----

void Printer::peers(std::vector<peer::KnownPeer> const& peers) const {
    Rows rows;
    for (auto const& peer : peers) {
        if (json()) {
            write_one(to_json(peer));
            continue;
        }
        rows.push_back({wire::escape(peer.host), std::to_string(peer.port),
                        std::to_string(peer.files), std::to_string(peer.load),
                        std::to_string(peer.heard_ms_ago),
                        (peer.labels.empty() ? "-" : wire::escape(peer.labels)) +
                            (peer.self ? " (this peer)" : "")});
    }
    table({"IP", "PORT", "FILES", "LOAD", "HEARD_MS_AGO", "LABELS"}, std::move(rows));
}

void Printer::files(std::vector<peer::SharedFileInfo> const& files) const {
    Rows rows;
    for (auto const& file : files) {
        if (json()) {
            write_one(to_json(file));
            continue;
        }
        rows.push_back({std::to_string(file.size), file.content.substr(0, short_id_digits),
                        wire::escape(file.name)});
    }
    table({"SIZE", "VERSION", "NAME"}, std::move(rows));
}

void Printer::list(std::vector<peer::ListedFile> const& files) const {
    Rows rows;
    for (auto const& file : files) {
        if (json()) {
            write_one(to_json(file));
            continue;
        }
        rows.push_back(words_of(file));
    }
    table({"SIZE", "COMPLETE", "PARTIAL", "VERSION", "NAME"}, std::move(rows));
}

void Printer::change(peer::ListingChanged const& change) const {
    if (json()) {
        return write(to_json(change));
    }
    auto row = words_of(change.file);
    row.insert(row.begin(), std::string(word_of(change.what)));
    out_ << divided({row}) << std::flush;
}

void Printer::status(peer::PeerStatus const& status) const {
    if (json()) {
        return write(to_json(status));
    }
    text(status_text(status));
}

void Printer::policy(PoliciesInForce const& policies) const {
    if (json()) {
        return write(to_json(policies));
    }
    text(policy_text(policies));
}

void Printer::bytes(std::span<std::byte const> bytes) const {
    out_.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    out_.flush();
}

void Printer::help(std::string const& text) const {
    if (json()) {
        return write({{"event", "help"}, {"text", text}});
    }
    this->text(text);
}

void Printer::text(std::string const& text) const {
    if (!json()) {
        out_ << text << std::endl;
    }
}

void Printer::note(std::string const& text) const {
    err_ << "xfs-peer: " << text << std::endl;
}

void Printer::error(std::string const& command, Error const& error) const {
    if (json()) {
        return write({{"event", "error"},
                      {"command", command},
                      {"code", program::exit_code(error.code)},
                      {"message", error.message}});
    }
    out_ << std::flush;  // where both are one, it comes after what was written before it
    err_ << "xfs-peer: " << command << ": " << error.message << std::endl;
}

void Printer::table(std::vector<std::string> header, Rows rows) const {
    if (json()) {
        out_ << std::flush;  // its rows have been written
        return;
    }
    if (options_.terminal) {
        rows.insert(rows.begin(), std::move(header));
    }
    out_ << (options_.terminal ? aligned(rows) : divided(rows)) << std::flush;
}

}  // namespace xfsbus::console
