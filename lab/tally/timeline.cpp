#include "tally/timeline.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::lab::tally {

std::optional<Timeline> Timeline::of(wire::Duration step, std::vector<std::uint64_t> bytes) {
    auto const times = step / step_least;
    bool const is_step =
        step > wire::Duration() && times * step_least == step &&
        (static_cast<std::uint64_t>(times) & static_cast<std::uint64_t>(times - 1)) == 0;
    if (!is_step || bytes.size() > steps_most) {
        return std::nullopt;
    }
    Timeline timeline(step);
    timeline.bytes_ = std::move(bytes);
    return timeline;
}

void Timeline::add(wire::Duration at, std::uint64_t bytes) {
    while (static_cast<std::uint64_t>(at / step_) >= steps_most) {
        make_coarser();
    }
    auto const index = static_cast<std::size_t>(at / step_);
    bytes_.resize(std::max(bytes_.size(), index + 1));
    bytes_[index] += bytes;
}

void Timeline::add(Timeline const& other) {
    while (step_ < other.step_) {
        make_coarser();
    }
    for (std::size_t i = 0; i < other.bytes_.size(); ++i) {
        add(static_cast<std::int64_t>(i) * other.step_, other.bytes_[i]);
    }
}

void Timeline::make_coarser() {
    step_ *= 2;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        auto const bytes = std::exchange(bytes_[i], 0);
        bytes_[i / 2] += bytes;
    }
    bytes_.resize((bytes_.size() + 1) / 2);
}

void Quarters::reached(std::uint64_t some, std::uint64_t all, wire::Duration now) {
    for (std::size_t quarter = 0; quarter < count; ++quarter) {
        bool const is_there = some * (count + 1) >= all * (quarter + 1);
        if (is_there && !times_[quarter]) {
            times_[quarter] = now;
        }
    }
}

}  // namespace xfsbus::lab::tally
