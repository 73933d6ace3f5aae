#include "live/processors.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <string>

namespace xfsbus::lab::live {

std::optional<Ticks> ticks_of(std::string_view text) {
    std::istringstream line{std::string(text.substr(0, text.find('\n')))};
    std::string name;
    line >> name;
    // proc(5): user nice system idle iowait irq softirq steal; what guests take is part of user.
    std::array<std::uint64_t, 8> ticks{};
    for (auto& each : ticks) {
        line >> each;
    }
    if (!line || name != "cpu") {
        return std::nullopt;
    }
    auto const& [user, nice, system, idle, waiting, irq, soft_irq, stolen] = ticks;
    auto const busy = user + nice + system + irq + soft_irq + stolen;
    return Ticks{busy, busy + idle + waiting};
}

std::optional<Ticks> ticks_now() {
    std::ifstream file("/proc/stat");
    std::string line;
    std::getline(file, line);
    return ticks_of(line);
}

std::optional<double> busy_between(std::optional<Ticks> const& begin,
                                   std::optional<Ticks> const& end) {
    if (!begin || !end || end->all <= begin->all) {
        return std::nullopt;
    }
    return static_cast<double>(end->busy - begin->busy) /
           static_cast<double>(end->all - begin->all);
}

}  // namespace xfsbus::lab::live
