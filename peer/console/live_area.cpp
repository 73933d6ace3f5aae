#include "live_area.hpp"

#include <cstdio>
#include <utility>

namespace xfsbus::console {
namespace {

constexpr auto const* erase_line = "\033[K";
constexpr auto const* erase_below = "\033[J";

void put(std::string const& text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
    std::fflush(stderr);
}

}  // namespace

bool Pace::due(Time now) {
    std::int64_t const slot = now.time_since_epoch() / length_;
    return std::exchange(last_, slot) != slot;
}

std::string redraw(std::size_t before, std::vector<std::string> const& lines) {
    std::string text = "\r";
    if (before > 1) {
        text += "\033[" + std::to_string(before - 1) + "A";
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += (i == 0 ? "" : "\n") + lines[i] + erase_line;
    }
    return text + (lines.size() < before ? erase_below : "");
}

void LiveArea::draw(std::vector<std::string> const& lines) {
    std::lock_guard const lock(mutex_);
    put(redraw(drawn_, lines));
    drawn_ = lines.size();
}

void LiveArea::clear() {
    std::lock_guard const lock(mutex_);
    erase();
}

void LiveArea::write_above(std::function<void()> const& write) {
    std::lock_guard const lock(mutex_);
    erase();
    write();
}

void LiveArea::erase() {
    if (auto const before = std::exchange(drawn_, 0); before > 0) {
        put(redraw(before, {}));
    }
}

}  // namespace xfsbus::console
