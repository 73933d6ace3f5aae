#include "run/progress.hpp"

#include <cmath>
#include <cstdio>

namespace xfsbus::lab::run {

std::string line_of(Progress const& progress) {
    std::string line = std::to_string(progress.done) + " of " + std::to_string(progress.all) +
                       (progress.all == 1 ? " run" : " runs");
    if (progress.failed > 0) {
        line += ", " + std::to_string(progress.failed) + " failed";
    }
    line += ", " + std::to_string(progress.running) + " under way";
    if (progress.done == 0) {
        return line;
    }
    auto const elapsed = std::chrono::duration<double>(progress.since_begin).count();
    double const left = elapsed / static_cast<double>(progress.done) *
                        static_cast<double>(progress.all - progress.done);
    auto const seconds = static_cast<unsigned long long>(std::llround(left));
    constexpr unsigned minute = 60;
    char text[48];
    std::snprintf(static_cast<char*>(text), sizeof text, ", %llu:%02llu left", seconds / minute,
                  seconds % minute);
    return line + static_cast<char*>(text);
}

}  // namespace xfsbus::lab::run
