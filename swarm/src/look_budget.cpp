#include <xfsbus/swarm/look_budget.hpp>

#include <algorithm>
#include <chrono>

namespace xfsbus::swarm {
namespace {

constexpr auto second = std::chrono::seconds(1);

}  // namespace

std::size_t LookBudget::take(wire::Time now, std::string const& address, std::size_t wanted) {
    forget_idle(now);
    all_.refill(now, of_all_most);
    if (all_.left == 0) {
        return 0;
    }
    auto& one = of_one_.try_emplace(address, Allowance{of_one_most, now}).first->second;
    one.refill(now, of_one_most);
    auto const taken = std::min({wanted, one.left, all_.left});
    one.left -= taken;
    all_.left -= taken;
    return taken;
}

/// Who has not asked for a second has all of its looks again, as if it had never asked.
void LookBudget::forget_idle(wire::Time now) {
    if (now - swept_ >= second) {
        swept_ = now;
        std::erase_if(of_one_,
                      [&](auto const& entry) { return now - entry.second.since >= second; });
    }
}

}  // namespace xfsbus::swarm
