#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/log.hpp>
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

namespace xfsbus::trace {

/// What became of the records of a trace.
struct Written {
    std::uint64_t records = 0;
    std::uint64_t dropped = 0;  ///< that came faster than they could be written, or after the end
    std::string trouble = {};   ///< why nothing is written any more; empty: it is
};

/// For a log: this trace cannot be written any more.
LogEvent trace_ended(std::string const& file, std::string const& why);

/// Writes the records of a trace to a file, on a thread of its own: whoever has a record never
/// waits. What does not fit into the queue is dropped and counted. A file that cannot be written
/// any more ends the trace, and nothing else. Any thread.
class TraceFile {
  public:
    /// In the queue. One takes a few KiB.
    static constexpr std::size_t records_most = 4096;

    /// Makes a record's line, with its end; on the trace's thread.
    using Line = std::function<std::string()>;

    struct Options {
        std::filesystem::path path = {};
        /// A file that would be longer is ended and kept as FILE.1, where the one before it was,
        /// and another is begun; 0: it grows.
        std::uint64_t bytes_most = 0;
        /// Told once, on the trace's thread, why it ends early.
        std::function<void(std::string const& why)> on_failed = {};
    };

    /// Makes the file, or empties it. Errc::disk if there can be no such file.
    static Result<std::unique_ptr<TraceFile>> create(Options options);

    /// For create.
    TraceFile(Options options, files::Fd file);
    /// Writes what is in the queue, and how many records were dropped.
    ~TraceFile();
    TraceFile(TraceFile const&) = delete;
    TraceFile& operator=(TraceFile const&) = delete;

    void put(Line record);
    /// Each further file begins with this record, until there is another head.
    void set_head(Line record);

    [[nodiscard]] Written info() const;

  private:
    struct Queued {
        Line line;
        bool is_head = false;
    };

    void put(Queued queued);
    void work();
    [[nodiscard]] std::deque<Queued> take();
    void write_all(std::deque<Queued> const& queue);
    void add(std::string const& line);
    void flush();
    void begin_another();
    [[nodiscard]] bool write(std::string_view text);
    [[nodiscard]] std::string end_line() const;
    void fail(int error);

    Options options_;
    // The writer's alone.
    files::Fd file_;
    std::string head_;
    std::string text_;  ///< put together, and not written yet
    std::uint64_t text_records_ = 0;
    std::uint64_t bytes_ = 0;  ///< in this file
    std::uint64_t records_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Queued> queue_;  // guarded by mutex_
    Written info_;              // the same
    bool over_ = false;         // the same
    std::thread writer_;        ///< last: it uses the others
};

}  // namespace xfsbus::trace
