#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::console {

/// Lets something happen once in each slot of time: that what comes every 100 ms, more or less,
/// may pass ten times a second, and not every other time.
class Pace {
  public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Pace(std::chrono::milliseconds slot) : length_(slot) {}

    /// True if it may happen now; then it is taken to happen.
    bool due(Time now);

  private:
    std::chrono::milliseconds length_;
    std::optional<std::int64_t> last_;
};

/// Some lines at the end of stderr, which is a terminal, that are drawn over themselves. They must
/// fit its width. Any thread.
class LiveArea {
  public:
    void draw(std::vector<std::string> const& lines);
    /// Removes the lines, so that something else can be written.
    void clear();
    /// Writes something else while the lines are out of the way; the next draw() brings them back.
    void write_above(std::function<void()> const& write);

  private:
    void erase();

    std::mutex mutex_;
    std::size_t drawn_ = 0;  ///< lines
};

/// What draws these lines over so many drawn before; none erase them.
std::string redraw(std::size_t before, std::vector<std::string> const& lines);

}  // namespace xfsbus::console
