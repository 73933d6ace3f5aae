#include <xfsbus/files/system.hpp>
#include <xfsbus/trace/trace_file.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>

namespace xfsbus::trace {
namespace {

constexpr mode_t trace_mode = 0644;
/// So much is put together before it is written.
constexpr std::size_t write_bytes = 256 * 1024;

files::Fd open_empty(std::filesystem::path const& path) {
    return files::Fd(
        files::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, trace_mode));
}

}  // namespace

LogEvent trace_ended(std::string const& file, std::string const& why) {
    auto const name = wire::escape(file);
    return {LogLevel::error,
            "trace-ended",
            "the trace '" + name + "' cannot be written any more: " + why +
                "; what policies decide from here on is not in it",
            {{"file", name}, {"why", why}}};
}

Result<std::unique_ptr<TraceFile>> TraceFile::create(Options options) {
    auto file = open_empty(options.path);
    if (!file) {
        return Error{Errc::disk, "cannot write the trace '" + wire::escape(options.path.string()) +
                                     "': " + std::generic_category().message(errno)};
    }
    return std::make_unique<TraceFile>(std::move(options), std::move(file));
}

TraceFile::TraceFile(Options options, files::Fd file)
    : options_(std::move(options)), file_(std::move(file)) {
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

void TraceFile::put(Line record) {
    put(Queued{std::move(record)});
}

void TraceFile::set_head(Line record) {
    put(Queued{std::move(record), true});
}

/// A head is always taken: what follows means nothing without it.
void TraceFile::put(Queued queued) {
    {
        std::lock_guard const lock(mutex_);
        bool const full = queue_.size() >= records_most && !queued.is_head;
        if (!info_.trouble.empty() || full) {
            ++info_.dropped;
            return;
        }
        queue_.push_back(std::move(queued));
    }
    changed_.notify_one();
}

Written TraceFile::info() const {
    std::lock_guard const lock(mutex_);
    return info_;
}

/// The writer's thread.
void TraceFile::work() {
    ::pthread_setname_np(::pthread_self(), "xfs-trace");
    while (true) {
        auto const queue = take();
        if (queue.empty()) {
            break;
        }
        write_all(queue);
    }
    if (info().trouble.empty()) {
        static_cast<void>(write(end_line()));
    }
}

/// All that there is; waits for it. Nothing: the end.
std::deque<TraceFile::Queued> TraceFile::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || !queue_.empty(); });
    return std::exchange(queue_, {});
}

void TraceFile::write_all(std::deque<Queued> const& queue) {
    for (auto const& [line, is_head] : queue) {
        if (is_head) {
            head_ = line();
        } else {
            add(line());
        }
    }
    flush();
}

void TraceFile::add(std::string const& line) {
    auto const so_far = bytes_ + text_.size();
    if (options_.bytes_most != 0 && so_far > head_.size() &&
        so_far + line.size() > options_.bytes_most) {
        flush();
        begin_another();
    }
    text_ += line;
    ++text_records_;
    if (text_.size() >= write_bytes) {
        flush();
    }
}

void TraceFile::flush() {
    bool const good = info().trouble.empty() && write(text_);
    {
        std::lock_guard const lock(mutex_);
        (good ? info_.records : info_.dropped) += text_records_;
    }
    records_ += text_records_;
    text_.clear();
    text_records_ = 0;
}

void TraceFile::begin_another() {
    if (!info().trouble.empty() || !write(end_line())) {
        return;
    }
    auto before = options_.path;
    before += ".1";
    if (files::renameat2(AT_FDCWD, options_.path.c_str(), AT_FDCWD, before.c_str(), 0) != 0) {
        return fail(errno);
    }
    file_ = open_empty(options_.path);
    if (!file_) {
        return fail(errno);
    }
    bytes_ = 0;
    records_ = head_.empty() ? 0 : 1;
    static_cast<void>(write(head_));
}

bool TraceFile::write(std::string_view text) {
    while (!text.empty()) {
        auto const written = files::write(file_.get(), text.data(), text.size());
        if (written <= 0) {
            fail(written < 0 ? errno : EIO);
            return false;
        }
        bytes_ += static_cast<std::uint64_t>(written);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// The last line of a file that came to its end.
std::string TraceFile::end_line() const {
    return R"({"record":"end","records":)" + std::to_string(records_) + R"(,"dropped":)" +
           std::to_string(info().dropped) + "}\n";
}

void TraceFile::fail(int error) {
    auto const why = std::generic_category().message(error);
    {
        std::lock_guard const lock(mutex_);
        info_.trouble = why;
        info_.dropped += queue_.size();
        queue_.clear();
    }
    options_.on_failed(why);
}

}  // namespace xfsbus::trace
