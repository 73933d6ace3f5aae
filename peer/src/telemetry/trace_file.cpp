#include "telemetry/trace_file.hpp"

#include "telemetry/trace_json.hpp"

#include <utility>

namespace xfsbus::peer::telemetry {

Result<std::unique_ptr<TraceFile>> TraceFile::create(
    std::filesystem::path const& path, std::function<void(std::string const& why)> on_failed) {
    auto file = trace::TraceFile::create({.path = path, .on_failed = std::move(on_failed)});
    if (!file) {
        return file.error();
    }
    return std::make_unique<TraceFile>(path, std::move(*file));
}

void TraceFile::put(TraceRecord record) {
    file_->put([record = std::move(record)] { return to_line(record); });
}

TraceInfo TraceFile::info() const {
    auto const written = file_->info();
    return {path_, written.records, written.dropped, written.trouble};
}

}  // namespace xfsbus::peer::telemetry
