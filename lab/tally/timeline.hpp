#pragma once

#include <xfsbus/wire/time.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace xfsbus::lab::tally {

/// How many bytes came in each step of a run, of whole numbers alone: the same everywhere. There
/// are 64 steps at most; what comes later makes each twice as long. So all steps are 10 ms times a
/// power of two, and timelines can be added.
class Timeline {
  public:
    static constexpr std::size_t steps_most = 64;
    static constexpr wire::Duration step_least = std::chrono::milliseconds(10);
    /// For what is told ten times a second: of shorter steps one would have it and the next not.
    static constexpr wire::Duration step_of_progress = 64 * step_least;

    /// `step`: the first, step_least times a power of two.
    explicit Timeline(wire::Duration step = step_least) : step_(step) {}

    /// One that was taken apart; nullopt: it was none.
    static std::optional<Timeline> of(wire::Duration step, std::vector<std::uint64_t> bytes);

    /// `at`: since the beginning, not below 0.
    void add(wire::Duration at, std::uint64_t bytes);
    void add(Timeline const& other);

    [[nodiscard]] wire::Duration step() const { return step_; }

    /// Of each step, up to the last in which something came.
    [[nodiscard]] std::vector<std::uint64_t> const& bytes() const { return bytes_; }

    friend bool operator==(Timeline const&, Timeline const&) = default;

  private:
    void make_coarser();

    wire::Duration step_;
    std::vector<std::uint64_t> bytes_{};
};

/// When there was a quarter, a half and three quarters of something.
class Quarters {
  public:
    static constexpr std::size_t count = 3;

    /// There are so many of so many now.
    void reached(std::uint64_t some, std::uint64_t all, wire::Duration now);

    [[nodiscard]] std::optional<wire::Duration> at(std::size_t quarter) const {
        return times_[quarter];
    }

    void set(std::size_t quarter, std::optional<wire::Duration> time) { times_[quarter] = time; }

    friend bool operator==(Quarters const&, Quarters const&) = default;

  private:
    std::array<std::optional<wire::Duration>, count> times_{};
};

}  // namespace xfsbus::lab::tally
