#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <deque>
#include <queue>
#include <utility>
#include <vector>

namespace xfsbus::lab::sim {

/// What will happen in a simulation, in the order of time; what happens at the same moment, in the
/// order in which it was planned.
///
/// Most events are messages, which take the same time each: so they are planned in their order, and
/// stand in a row, which costs nothing to keep in order. The others are in a heap.
template <typename Event>
class EventQueue {
  public:
    void push(wire::Time at, Event&& event) { heap_.push(planned(at, std::move(event))); }

    /// The same, of one that most likely comes after all that were given to this function before.
    void append(wire::Time at, Event&& event) {
        if (row_.empty() || row_.back().at <= at) {
            row_.push_back(planned(at, std::move(event)));
        } else {
            push(at, std::move(event));
        }
    }

    [[nodiscard]] bool empty() const { return heap_.empty() && row_.empty(); }

    /// When the next one happens; there must be one.
    [[nodiscard]] wire::Time next() const { return first().at; }

    /// Takes the next one, which `what` is called with, and may plan others meanwhile.
    template <typename What>
    void take(What what) {
        auto const slot = first().slot;
        if (row_is_first()) {
            row_.pop_front();
        } else {
            heap_.pop();
        }
        what(events_[slot]);
        free_.push_back(slot);
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

    Planned planned(wire::Time at, Event&& event) {
        auto slot = static_cast<std::uint32_t>(events_.size());
        if (free_.empty()) {
            events_.push_back(std::move(event));
        } else {
            slot = free_.back();
            free_.pop_back();
            events_[slot] = std::move(event);
        }
        return {at, ++number_, slot};
    }

    [[nodiscard]] bool row_is_first() const {
        return !row_.empty() && (heap_.empty() || heap_.top() < row_.front());
    }

    [[nodiscard]] Planned const& first() const {
        return row_is_first() ? row_.front() : heap_.top();
    }

    std::deque<Planned> row_;
    std::priority_queue<Planned> heap_;
    std::deque<Event> events_;  ///< apart, so that the heap moves small things only; they stay put
    std::vector<std::uint32_t> free_;
    std::uint64_t number_ = 0;
};

}  // namespace xfsbus::lab::sim
