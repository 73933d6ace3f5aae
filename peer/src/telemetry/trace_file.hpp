#pragma once

#include "telemetry/trace_record.hpp"

#include <xfsbus/trace/trace_file.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace xfsbus::peer::telemetry {

/// The file of a peer's trace; trace::TraceFile says how it is written. Any thread.
class TraceFile {
  public:
    static constexpr std::size_t records_most = trace::TraceFile::records_most;

    /// Makes the file, or empties it. on_failed: told once, on the trace's thread, why it ends
    /// early. Errc::disk if there can be no such file.
    static Result<std::unique_ptr<TraceFile>> create(
        std::filesystem::path const& path, std::function<void(std::string const& why)> on_failed);

    /// For create.
    TraceFile(std::filesystem::path path, std::unique_ptr<trace::TraceFile> file)
        : path_(std::move(path)), file_(std::move(file)) {}

    void put(TraceRecord record);

    [[nodiscard]] TraceInfo info() const;

  private:
    std::filesystem::path path_;
    std::unique_ptr<trace::TraceFile> file_;
};

}  // namespace xfsbus::peer::telemetry
