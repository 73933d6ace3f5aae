#include <xfsbus/swarm/reasons.hpp>

#include <algorithm>

namespace xfsbus::swarm {

std::string tail_of_reasons(std::vector<std::string> const& reasons, std::size_t most) {
    std::string tail;
    for (std::size_t i = 0; i < std::min(most, reasons.size()); ++i) {
        tail += (i == 0 ? ": " : "; ") + reasons[i];
    }
    if (reasons.size() > most) {
        tail += "; and " + std::to_string(reasons.size() - most) + " more";
    }
    return tail;
}

}  // namespace xfsbus::swarm
