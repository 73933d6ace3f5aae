#include "telemetry/trace_file.hpp"

#include "telemetry/trace_json.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>

namespace xfsbus::peer::telemetry {
namespace {

constexpr mode_t trace_mode = 0644;
/// So much is put together before it is written.
constexpr std::size_t write_bytes = 256 * 1024;

}  // namespace

Result<std::unique_ptr<TraceFile>> TraceFile::create(
    std::filesystem::path const& path, std::function<void(std::string const& why)> on_failed) {
    files::Fd file(files::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, trace_mode));
    if (!file) {
        return Error{Errc::disk, "cannot write the trace '" + wire::escape(path.string()) +
                                     "': " + std::generic_category().message(errno)};
    }
    return std::make_unique<TraceFile>(path, std::move(file), std::move(on_failed));
}

TraceFile::TraceFile(std::filesystem::path path, files::Fd file,
                     std::function<void(std::string const& why)> on_failed)
    : path_(std::move(path)), file_(std::move(file)), on_failed_(std::move(on_failed)) {
    info_.file = path_;
    writer_ = std::thread([this] { work(); });
}

TraceFile::~TraceFile() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    writer_.join();
}

void TraceFile::put(TraceRecord record) {
    {
        std::lock_guard const lock(mutex_);
        if (!info_.trouble.empty() || queue_.size() >= records_most) {
            ++info_.dropped;
            return;
        }
        queue_.push_back(std::move(record));
    }
    changed_.notify_one();
}

TraceInfo TraceFile::info() const {
    std::lock_guard const lock(mutex_);
    return info_;
}

/// The writer's thread.
void TraceFile::work() {
    ::pthread_setname_np(::pthread_self(), "xfs-trace");
    while (true) {
        auto const records = take();
        if (records.empty()) {
            break;
        }
        write_all(records);
    }
    if (auto const all = info(); all.trouble.empty()) {
        static_cast<void>(write(end_line(all.records, all.dropped)));
    }
}

/// All that there is; waits for it. Nothing: the end.
std::deque<TraceRecord> TraceFile::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || !queue_.empty(); });
    return std::exchange(queue_, {});
}

void TraceFile::write_all(std::deque<TraceRecord> const& records) {
    std::string text;
    std::uint64_t count = 0;
    auto const flush = [&] {
        if (info().trouble.empty() && write(text)) {
            std::lock_guard const lock(mutex_);
            info_.records += count;
        } else {
            std::lock_guard const lock(mutex_);
            info_.dropped += count;
        }
        text.clear();
        count = 0;
    };
    for (auto const& record : records) {
        text += to_line(record);
        ++count;
        if (text.size() >= write_bytes) {
            flush();
        }
    }
    flush();
}

bool TraceFile::write(std::string_view text) {
    while (!text.empty()) {
        auto const written = files::write(file_.get(), text.data(), text.size());
        if (written <= 0) {
            fail(written < 0 ? errno : EIO);
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void TraceFile::fail(int error) {
    auto const why = std::generic_category().message(error);
    {
        std::lock_guard const lock(mutex_);
        info_.trouble = why;
        info_.dropped += queue_.size();
        queue_.clear();
    }
    on_failed_(why);
}

}  // namespace xfsbus::peer::telemetry
