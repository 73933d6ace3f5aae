#pragma once

#include "telemetry/trace_record.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/result.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace xfsbus::peer::telemetry {

/// Writes the records of a trace to a file, on a thread of its own: whoever has a record never
/// waits. What does not fit into the queue is dropped and counted. A file that cannot be written
/// any more ends the trace, and nothing else. Any thread.
class TraceFile {
  public:
    /// In the queue. One takes a few KiB.
    static constexpr std::size_t records_most = 4096;

    /// Makes the file, or empties it. on_failed: told once, on the trace's thread, why it ends
    /// early. Errc::disk if there can be no such file.
    static Result<std::unique_ptr<TraceFile>> create(
        std::filesystem::path const& path, std::function<void(std::string const& why)> on_failed);

    /// For create.
    TraceFile(std::filesystem::path path, files::Fd file,
              std::function<void(std::string const& why)> on_failed);
    /// Writes what is in the queue, and how many records were dropped.
    ~TraceFile();
    TraceFile(TraceFile const&) = delete;
    TraceFile& operator=(TraceFile const&) = delete;

    void put(TraceRecord record);

    [[nodiscard]] TraceInfo info() const;

  private:
    void work();
    [[nodiscard]] std::deque<TraceRecord> take();
    void write_all(std::deque<TraceRecord> const& records);
    [[nodiscard]] bool write(std::string_view text);
    void fail(int error);

    std::filesystem::path path_;
    files::Fd file_;
    std::function<void(std::string const& why)> on_failed_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<TraceRecord> queue_;  // guarded by mutex_
    TraceInfo info_;                 // the same
    bool over_ = false;              // the same
    std::thread writer_;             ///< last: it uses the others
};

}  // namespace xfsbus::peer::telemetry
