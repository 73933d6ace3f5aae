#include <xfsbus/swarm/throttle.hpp>

#include <utility>

namespace xfsbus::swarm {

void Throttle::submit(wire::Time now, std::uint64_t bytes, Task task) {
    if (rate_ == 0) {
        task();
        return;
    }
    waiting_.push_back({bytes, std::move(task)});
    run(now);
    if (!waiting_.empty() && on_wait_) {
        on_wait_();
    }
}

void Throttle::run(wire::Time now) {
    while (!waiting_.empty() && limit_.open(now)) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        limit_.spend(now, next.bytes);
        next.task();
    }
}

std::optional<wire::Time> Throttle::next_deadline() const {
    return waiting_.empty() ? std::nullopt : std::optional(limit_.free_at());
}

}  // namespace xfsbus::swarm
