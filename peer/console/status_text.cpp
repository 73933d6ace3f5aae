#include "status_text.hpp"

#include "sizes.hpp"
#include "table.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xfsbus::console {
namespace {

std::string rate_of(double bytes_per_second) {
    return show_size(bytes_per_second) + "/s";
}

std::string tracker_state(peer::PeerStatus const& status) {
    if (!status.tracker_trouble.empty()) {
        return status.tracker_trouble;
    }
    return status.tracker_connected ? "registered" : "not reached";
}

std::string itself(peer::PeerStatus const& status) {
    return aligned({{"listens on", wire::Endpoint{status.host, status.port}.to_string()},
                    {"tracker", fmt::format("{} ({})", status.tracker, tracker_state(status))},
                    {"shares", wire::escape(status.directory)},
                    {"policy", status.policy},
                    {"chunks", status.chunk_order},
                    {"uploads", status.upload_policy},
                    {"integrity", status.integrity}});
}

std::string counters(std::vector<CounterValue> const& all) {
    Rows rows;
    for (auto const& counter : all) {
        bool const bytes = counter.unit == "bytes";
        rows.push_back(
            {std::string(counter.name),
             bytes ? size_of(counter.value) : fmt::format("{} {}", counter.value, counter.unit),
             std::string(counter.help)});
    }
    return aligned(rows);
}

std::string file_line(peer::DownloadStatus const& file) {
    double const part = file.bytes_total > 0 ? static_cast<double>(file.bytes_done) /
                                                   static_cast<double>(file.bytes_total)
                                             : 0.0;
    return fmt::format("  {}: {:.0f}% of {}, {}, {} twice, {} chunks corrupt, waited {:.1f} s\n",
                       wire::escape(file.name), std::min(part, 1.0) * 100,
                       size_of(file.bytes_total), rate_of(file.bytes_per_second),
                       size_of(file.bytes_duplicate), file.chunks_rejected, file.seconds_waited);
}

std::string downloads(std::vector<peer::DownloadStatus> const& files) {
    std::string text = files.empty() ? "" : "downloading\n";
    for (auto const& file : files) {
        text += file_line(file);
        Rows rows = {{"PEER", "BYTES", "RATE", "TWICE", "CORRUPT", "CREDIT", "ASKED", "STATE"}};
        for (auto const& source : file.sources) {
            rows.push_back({wire::escape(source.endpoint), size_of(source.bytes),
                            rate_of(source.bytes_per_second), size_of(source.bytes_duplicate),
                            std::to_string(source.chunks_rejected), size_of(source.credit_bytes),
                            size_of(source.outstanding_bytes), wire::escape(source.words)});
        }
        text += file.sources.empty() ? "" : aligned(rows, "    ");
    }
    return text;
}

std::string uploads(std::vector<peer::UploadStatus> const& all) {
    Rows rows = {{"VERSION", "TO", "BYTES", "RATE", "CREDIT", "QUEUED"}};
    for (auto const& upload : all) {
        rows.push_back({upload.content.substr(0, short_id_digits), wire::escape(upload.sink),
                        size_of(upload.bytes), rate_of(upload.bytes_per_second),
                        size_of(upload.credit_bytes), std::to_string(upload.queued_chunks)});
    }
    return all.empty() ? "" : "uploading\n" + aligned(rows, "    ");
}

}  // namespace

std::string status_text(peer::PeerStatus const& status) {
    auto text = itself(status) + counters(status.counters) + downloads(status.downloading) +
                uploads(status.uploading);
    text.pop_back();
    return text;
}

}  // namespace xfsbus::console
