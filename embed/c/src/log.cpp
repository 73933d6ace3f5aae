// The log of a peer in C: how a line looks, and a queue of them.
#include "guard.hpp"
#include "requests.hpp"
#include "views.hpp"

#include <xfsbus/xfsbus.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::c {

struct FreedLine {
    void operator()(xfsbus_log_event const* line) const { free_answer(line); }
};

using Line = std::unique_ptr<xfsbus_log_event const, FreedLine>;

namespace {

xfsbus_log_level level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return XFSBUS_LOG_DEBUG;
        case LogLevel::info:
            return XFSBUS_LOG_INFO;
        case LogLevel::warning:
            return XFSBUS_LOG_WARNING;
        case LogLevel::error:
            return XFSBUS_LOG_ERROR;
        case LogLevel::off:
            break;
    }
    return XFSBUS_LOG_OFF;
}

xfsbus_log_field field_view(Arena& arena, std::string_view name, LogEvent::Value const& value) {
    xfsbus_log_field made{sizeof made, arena.text(name), "", 0, 0, XFSBUS_LOG_TEXT};
    if (auto const* text = std::get_if<std::string>(&value)) {
        made.text = arena.text(*text);
    } else if (auto const* number = std::get_if<std::uint64_t>(&value)) {
        made.number = *number;
        made.kind = XFSBUS_LOG_NUMBER;
    } else {
        made.real = std::get<double>(value);
        made.kind = XFSBUS_LOG_REAL;
    }
    return made;
}

xfsbus_log_event view(Arena& arena, LogEvent const& event) {
    auto* const fields = arena.pointers<xfsbus_log_field>(event.fields.size());
    std::ranges::transform(event.fields, fields, [&](auto const& field) {
        return arena.keep(field_view(arena, field.first, field.second));
    });
    return {sizeof(xfsbus_log_event), arena.text(event.name), arena.text(event.text),
            level_of(event.level),    event.fields.size(),    fields};
}

/// A copy that owns what it points to.
xfsbus_log_event view(Arena& arena, xfsbus_log_event const& line) {
    auto* const fields = arena.pointers<xfsbus_log_field>(line.fields_count);
    for (std::size_t i = 0; i < line.fields_count; ++i) {
        auto field = *line.fields[i];
        field.name = arena.text(field.name);
        field.text = arena.text(field.text);
        fields[i] = arena.keep(field);
    }
    return {line.size,  arena.text(line.name), arena.text(line.text),
            line.level, line.fields_count,     fields};
}

template <typename From>
Line line_of(From const& from) {
    auto made = std::make_unique<Answer<xfsbus_log_event>>();
    static_cast<xfsbus_log_event&>(*made) = view(made->arena, from);
    return Line(made.release());
}

}  // namespace

OnLog log_of(xfsbus_options const& options) {
    std::shared_ptr<void> const user(options.log_user, [release = options.log_release](void* lent) {
        if (release != nullptr) {
            release(lent);
        }
    });
    if (options.log == nullptr) {
        return {};
    }
    return [log = options.log, user](LogEvent const& event) {
        Arena arena;
        auto const line = view(arena, event);
        log(user.get(), &line);
    };
}

}  // namespace xfsbus::c

using namespace xfsbus;
using namespace xfsbus::c;

struct xfsbus_log_queue {
  public:
    explicit xfsbus_log_queue(std::uint64_t most) : most_(most) {}

    /// Without memory for it, it is lost like any other.
    void put(xfsbus_log_event const& line) noexcept {
        std::lock_guard const lock(mutex_);
        try {
            if (lost_ > 0 || lines_.size() >= most_) {
                ++lost_;
            } else {
                lines_.push_back(line_of(line));
            }
        } catch (std::bad_alloc const&) {
            ++lost_;
        }
        changed_.notify_all();
    }

    void end() {
        std::lock_guard const lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

    /// Null: there will be none. Errc::timeout: there is none yet.
    Result<Line> take(std::int64_t timeout_ms) {
        std::unique_lock lock(mutex_);
        auto const ready = [this] { return !lines_.empty() || lost_ > 0 || ended_; };
        if (timeout_ms < 0) {
            changed_.wait(lock, ready);
        } else if (!changed_.wait_for(lock, milliseconds_of(timeout_ms), ready)) {
            return Error{Errc::timeout, "no line within " + std::to_string(timeout_ms) + " ms"};
        }
        if (!lines_.empty()) {
            auto line = std::move(lines_.front());
            lines_.pop_front();
            return line;
        }
        return lost_ == 0 ? Line() : line_of(lost_lines(std::exchange(lost_, 0)));
    }

  private:
    static LogEvent lost_lines(std::uint64_t count) {
        return {LogLevel::warning,
                "log-lost",
                std::to_string(count) + " lines are missing here: they were not taken in time",
                {{"count", count}}};
    }

    std::uint64_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Line> lines_;  // guarded by mutex_, as all that follows
    std::uint64_t lost_ = 0;  // that came when there was no room
    bool ended_ = false;
};

void xfsbus_log_event_free(xfsbus_log_event const* event) {
    free_answer(event);
}

xfsbus_code xfsbus_log_queue_create(uint64_t most, xfsbus_log_queue** queue, xfsbus_error* error) {
    return guarded(error, [&]() -> std::optional<Error> {
        need(queue, "queue") = nullptr;
        if (most == 0) {
            throw Misuse("a queue of no lines");
        }
        *queue = new xfsbus_log_queue(most);
        return std::nullopt;
    });
}

void xfsbus_log_queue_free(xfsbus_log_queue* queue) {
    delete queue;
}

void xfsbus_log_queue_put(void* queue, xfsbus_log_event const* event) {
    if (queue != nullptr && event != nullptr) {
        static_cast<xfsbus_log_queue*>(queue)->put(*event);
    }
}

void xfsbus_log_queue_end(void* queue) {
    if (queue != nullptr) {
        static_cast<xfsbus_log_queue*>(queue)->end();
    }
}

xfsbus_code xfsbus_log_queue_take(xfsbus_log_queue* queue, int64_t timeout_ms,
                                  xfsbus_log_event const** event, xfsbus_error* error) {
    return guarded(error, [&]() -> std::optional<Error> {
        auto& to = need(event, "event");
        to = nullptr;
        auto line = need(queue, "queue").take(timeout_ms);
        if (line) {
            to = line->release();
        }
        return error_of(line);
    });
}
