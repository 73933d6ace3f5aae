#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

namespace xfsbus::lab::sim {

/// What will happen in a simulation, in the order of time; what happens at the same moment, in the
/// order in which it was planned.
template <typename Event>
class EventQueue {
  public:
    void push(wire::Time at, Event event) {
        auto slot = static_cast<std::uint32_t>(events_.size());
        if (free_.empty()) {
            events_.push_back(std::move(event));
        } else {
            slot = free_.back();
            free_.pop_back();
            events_[slot] = std::move(event);
        }
        planned_.push({at, ++number_, slot});
    }

    [[nodiscard]] bool empty() const { return planned_.empty(); }

    /// When the next one happens; there must be one.
    [[nodiscard]] wire::Time next() const { return planned_.top().at; }

    Event pop() {
        auto const slot = planned_.top().slot;
        planned_.pop();
        free_.push_back(slot);
        return std::move(events_[slot]);
    }

  private:
    struct Planned {
        wire::Time at;
        std::uint64_t number = 0;
        std::uint32_t slot = 0;

        /// Later ones stand lower in the heap.
        friend bool operator<(Planned const& a, Planned const& b) {
            return std::pair(a.at, a.number) > std::pair(b.at, b.number);
        }
    };

    std::priority_queue<Planned> planned_;
    std::vector<Event> events_;  ///< apart, so that the heap moves small things only
    std::vector<std::uint32_t> free_;
    std::uint64_t number_ = 0;
};

}  // namespace xfsbus::lab::sim
