#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace xfsbus::swarm {

/// How many sinks may have a chunk on its way at once. Few keep a link busy whose other end is as
/// fast, and few are better: packets are larger, and decisions are made later. But where each sink
/// is slower than this peer's own link it takes many. Which of the two it is shows when twice as
/// many are tried: if more leaves then, and less again when that is taken back, it stays so. (A
/// swarm that begins sends more from second to second anyway.) Part of Uploads.
class Breadth {
  public:
    explicit Breadth(std::size_t least) : sinks_(least) {}

    [[nodiscard]] std::size_t sinks() const { return sinks_; }

    /// One more sink could have been served, but for this.
    void on_refused() { refused_ = true; }

    /// So much has left; it was begun so long ago.
    void on_left(wire::Time now, std::uint64_t bytes, wire::Duration took);

  private:
    enum class Phase {
        steady,
        trying,    ///< twice as many
        checking,  ///< as many as before, since more left
    };

    void decide(wire::Time now, double bytes_per_s);
    void give_up(wire::Time now);
    void measure_from(wire::Time time);

    std::size_t sinks_;
    Phase phase_ = Phase::steady;
    double rate_ = 0;  ///< bytes per second in the phase before
    wire::Time next_try_{};
    wire::Time left_{};      ///< when something last left
    wire::Duration took_{};  ///< each, usually

    // what is measured
    wire::Time from_{};                ///< not before
    std::optional<wire::Time> since_;  ///< when something first left
    std::uint64_t bytes_ = 0;          ///< that have left since then
    std::uint32_t chunks_ = 0;
    bool refused_ = false;
};

}  // namespace xfsbus::swarm
