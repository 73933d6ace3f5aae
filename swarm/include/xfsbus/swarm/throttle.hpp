#pragma once

#include <xfsbus/swarm/rate_limit.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

namespace xfsbus::swarm {

/// Lets tasks through as a rate limit allows, in their order. One thread.
class Throttle {
  public:
    using Task = std::function<void()>;

    /// A rate of 0 is no limit. `on_wait`: something waits, so that next_deadline() may have
    /// changed.
    explicit Throttle(std::uint64_t bytes_per_second, std::function<void()> on_wait = {})
        : limit_(bytes_per_second), rate_(bytes_per_second), on_wait_(std::move(on_wait)) {}

    /// Does it at once, or in a later run().
    void submit(wire::Time now, std::uint64_t bytes, Task task);
    /// Does what may be done by now.
    void run(wire::Time now);
    /// When to call run(); nullopt: nothing waits.
    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

    /// Bytes per second; 0: no limit.
    [[nodiscard]] std::uint64_t rate() const { return rate_; }

  private:
    struct Waiting {
        std::uint64_t bytes = 0;
        Task task;
    };

    RateLimit limit_;
    std::uint64_t rate_;
    std::function<void()> on_wait_;
    std::deque<Waiting> waiting_;
};

}  // namespace xfsbus::swarm
