#include "printer.hpp"

#include "sizes.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace xfsbus::console {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t short_id_digits = 12;

void write(Json const& object) {
    // Names are UTF-8; whatever is not (an error's text could quote anything) is replaced.
    std::cout << object.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

Json optional(auto const& value) {
    return value ? Json(*value) : Json(nullptr);
}

std::string number_or_dash(std::optional<double> const& value) {
    return value ? fmt::format("{:.2f}", *value) : "-";
}

Json to_json(peer::FoundSource const& source) {
    return {{"event", "source"},
            {"name", source.name},
            {"content", source.content},
            {"size", source.size},
            {"ip", source.host},
            {"port", source.port},
            {"labels", source.labels},
            {"self", source.self},
            {"latency_ms", optional(source.latency_ms)},
            {"load", optional(source.load)},
            {"cost", optional(source.cost)},
            {"share_percent", source.share_percent}};
}

Json to_json(peer::DownloadedFile const& file) {
    Json sources = Json::array();
    for (auto const& source : file.sources) {
        sources.push_back(
            {{"peer", source.endpoint}, {"bytes", source.bytes}, {"state", source.state}});
    }
    Json object = {{"event", "downloaded"},
                   {"name", file.name},
                   {"content", file.content},
                   {"size", file.size},
                   {"ok", !file.error},
                   {"present", file.present},
                   {"bytes_fetched", file.bytes_fetched},
                   {"bytes_resumed", file.bytes_resumed},
                   {"chunks_rejected", file.chunks_rejected},
                   {"chunks_surplus", file.chunks_surplus},
                   {"seconds", file.seconds},
                   {"sources", std::move(sources)}};
    if (file.error) {
        object["code"] = static_cast<int>(file.error->code);
        object["error"] = file.error->message;
    }
    return object;
}

std::string rate_of(std::uint64_t bytes, double seconds) {
    return show_size(static_cast<double>(bytes) / std::max(seconds, 1e-3)) + "/s";
}

}  // namespace

void Printer::ready(peer::PeerStatus const& status, bool to_stdout) const {
    if (json()) {
        return write({{"event", "ready"},
                      {"ip", status.host},
                      {"port", status.port},
                      {"tracker", status.tracker},
                      {"directory", status.directory},
                      {"files", status.files}});
    }
    wire::Endpoint const at{status.host, status.port};
    auto const line = fmt::format("xfs-peer: ready on tcp://{}, sharing {} files of {}\n",
                                  at.to_string(), status.files, wire::escape(status.directory));
    (to_stdout ? std::cout : std::cerr) << line << std::flush;
}

void Printer::update(peer::UpdateSummary const& summary) const {
    if (json()) {
        return write({{"event", "updated"},
                      {"files", summary.files},
                      {"bytes", summary.bytes},
                      {"hashed", summary.hashed},
                      {"skipped", summary.skipped}});
    }
    text(fmt::format("{} files, {}; {} hashed, {} skipped; the tracker has the list", summary.files,
                     show_size(static_cast<double>(summary.bytes)), summary.hashed,
                     summary.skipped));
}

void Printer::load(std::string const& host, std::uint16_t port, std::uint32_t load) const {
    if (json()) {
        return write({{"event", "load"}, {"ip", host}, {"port", port}, {"load", load}});
    }
    text(std::to_string(load));
}

void Printer::sources(std::vector<peer::FoundSource> const& sources) const {
    if (json()) {
        for (auto const& source : sources) {
            write(to_json(source));
        }
        return;
    }
    std::vector<std::vector<std::string>> rows;
    if (options_.terminal) {
        rows.push_back({"IP", "PORT", "LATENCY_MS", "LOAD", "COST", "SHARE%", "VERSION", "NAME"});
    }
    for (auto const& source : sources) {
        rows.push_back({wire::escape(source.host), std::to_string(source.port),
                        number_or_dash(source.latency_ms),
                        source.load ? std::to_string(*source.load) : "-",
                        number_or_dash(source.cost), fmt::format("{:.0f}%", source.share_percent),
                        source.content.substr(0, short_id_digits),
                        wire::escape(source.name) + (source.self ? " (this peer)" : "")});
    }
    table(std::move(rows));
}

void Printer::progress(peer::DownloadProgress const& progress) const {
    write({{"event", "progress"},
           {"name", progress.name},
           {"bytes_done", progress.bytes_done},
           {"bytes_total", progress.bytes_total},
           {"files_done", progress.files_done},
           {"files_total", progress.files_total},
           {"bytes_per_second", progress.bytes_per_second},
           {"sources", progress.sources}});
}

void Printer::downloaded(peer::DownloadReport const& report) const {
    for (auto const& file : report.files) {
        downloaded(file);
    }
    auto const failed = static_cast<std::uint64_t>(std::ranges::count_if(
        report.files, [](auto const& file) { return file.error.has_value(); }));
    if (json()) {
        return write({{"event", "summary"},
                      {"files", report.files.size()},
                      {"failed", failed},
                      {"bytes_fetched", report.bytes_fetched},
                      {"seconds", report.seconds}});
    }
    if (report.files.size() > 1) {
        text(fmt::format("{} files, {} failed; {} fetched in {:.2f} s ({})", report.files.size(),
                         failed, show_size(static_cast<double>(report.bytes_fetched)),
                         report.seconds, rate_of(report.bytes_fetched, report.seconds)));
    }
}

void Printer::downloaded(peer::DownloadedFile const& file) const {
    if (json()) {
        return write(to_json(file));
    }
    auto const name = wire::escape(file.name);
    if (file.error) {
        return error("'" + name + "'", *file.error);
    }
    if (file.present) {
        return text(name + ": already here, with equal content");
    }
    auto const used =
        std::ranges::count_if(file.sources, [](auto const& source) { return source.bytes > 0; });
    std::string line =
        fmt::format("{}: {} verified in {:.2f} s ({}) from {} source{}", name,
                    show_size(static_cast<double>(file.size)), file.seconds,
                    rate_of(file.bytes_fetched, file.seconds), used, used == 1 ? "" : "s");
    if (file.bytes_resumed > 0) {
        line += fmt::format(", {} of it was here from an earlier try",
                            show_size(static_cast<double>(file.bytes_resumed)));
    }
    if (file.chunks_rejected > 0) {
        line += fmt::format(", {} corrupt chunks refused", file.chunks_rejected);
    }
    text(line);
}

void Printer::peers(std::vector<peer::KnownPeer> const& peers) const {
    std::vector<std::vector<std::string>> rows;
    if (options_.terminal) {
        rows.push_back({"IP", "PORT", "FILES", "LOAD", "HEARD_MS_AGO", "LABELS"});
    }
    for (auto const& peer : peers) {
        if (json()) {
            write({{"event", "peer"},
                   {"ip", peer.host},
                   {"port", peer.port},
                   {"files", peer.files},
                   {"load", peer.load},
                   {"heard_ms_ago", peer.heard_ms_ago},
                   {"labels", peer.labels},
                   {"self", peer.self}});
            continue;
        }
        rows.push_back({wire::escape(peer.host), std::to_string(peer.port),
                        std::to_string(peer.files), std::to_string(peer.load),
                        std::to_string(peer.heard_ms_ago),
                        (peer.labels.empty() ? "-" : wire::escape(peer.labels)) +
                            (peer.self ? " (this peer)" : "")});
    }
    table(std::move(rows));
}

void Printer::files(std::vector<peer::SharedFileInfo> const& files) const {
    std::vector<std::vector<std::string>> rows;
    if (options_.terminal) {
        rows.push_back({"SIZE", "VERSION", "NAME"});
    }
    for (auto const& file : files) {
        if (json()) {
            write({{"event", "file"},
                   {"name", file.name},
                   {"content", file.content},
                   {"size", file.size}});
            continue;
        }
        rows.push_back({std::to_string(file.size), file.content.substr(0, short_id_digits),
                        wire::escape(file.name)});
    }
    table(std::move(rows));
}

void Printer::status(peer::PeerStatus const& status) const {
    if (json()) {
        return write({{"event", "status"},
                      {"ip", status.host},
                      {"port", status.port},
                      {"tracker", status.tracker},
                      {"tracker_connected", status.tracker_connected},
                      {"directory", status.directory},
                      {"files", status.files},
                      {"load", status.load},
                      {"uploads", status.uploads},
                      {"downloads", status.downloads},
                      {"bytes_sent", status.bytes_sent},
                      {"bytes_received", status.bytes_received},
                      {"chunks_rejected", status.chunks_rejected},
                      {"chunks_unsolicited", status.chunks_unsolicited},
                      {"policy", status.policy},
                      {"integrity", status.integrity}});
    }
    text(
        fmt::format("listens on  {}\ntracker     {} ({})\nshares      {} files of {}\n"
                    "load        {} ({} uploads, {} downloads)\n"
                    "sent        {}\nreceived    {} ({} chunks corrupt, {} not asked for)\n"
                    "policy      {}\nintegrity   {}",
                    wire::Endpoint{status.host, status.port}.to_string(), status.tracker,
                    status.tracker_connected ? "registered" : "not reached", status.files,
                    wire::escape(status.directory), status.load, status.uploads, status.downloads,
                    show_size(static_cast<double>(status.bytes_sent)),
                    show_size(static_cast<double>(status.bytes_received)), status.chunks_rejected,
                    status.chunks_unsolicited, status.policy, status.integrity));
}

void Printer::policy(peer::PolicyInfo const& policy) const {
    if (json()) {
        Json parameters = Json::object();
        for (auto const& [name, value] : policy.parameters) {
            parameters[name] = value;
        }
        return write({{"event", "policy"},
                      {"name", policy.name},
                      {"version", policy.version},
                      {"description", policy.description},
                      {"path", policy.path.string()},
                      {"parameters", std::move(parameters)},
                      {"picks", policy.picks},
                      {"faults", policy.faults},
                      {"fallbacks", policy.fallbacks}});
    }
    std::string line =
        fmt::format("{} {}: {}\n  from {}", policy.name, policy.version,
                    wire::escape(policy.description), wire::escape(policy.path.string()));
    for (auto const& [name, value] : policy.parameters) {
        line += fmt::format("\n  {} = {}", name, wire::escape(value));
    }
    text(line + fmt::format("\n  {} decisions, {} faults, {} made by the default instead",
                            policy.picks, policy.faults, policy.fallbacks));
}

void Printer::help(std::string const& text) const {
    if (json()) {
        return write({{"event", "help"}, {"text", text}});
    }
    this->text(text);
}

void Printer::text(std::string const& text) const {
    if (!json()) {
        std::cout << text << std::endl;
    }
}

void Printer::error(std::string const& command, Error const& error) const {
    if (json()) {
        return write({{"event", "error"},
                      {"command", command},
                      {"code", static_cast<int>(error.code)},
                      {"message", error.message}});
    }
    std::cerr << "xfs-peer: " << command << ": " << error.message << std::endl;
}

/// Aligned on a terminal, divided by one blank elsewhere.
void Printer::table(std::vector<std::vector<std::string>> rows) const {
    std::vector<std::size_t> widths;
    for (auto const& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    for (auto const& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            bool const last = i + 1 == row.size();
            line += row[i];
            if (!last) {
                line += options_.terminal ? std::string(widths[i] - row[i].size() + 2, ' ') : " ";
            }
        }
        std::cout << line << '\n';
    }
    std::cout << std::flush;
}

}  // namespace xfsbus::console
