#include <xfsbus/swarm/breadth.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// It is measured for so long, for several times what a chunk takes, and for so many chunks that
/// one more or less does not matter.
constexpr auto measured_least = std::chrono::seconds(1);
constexpr int measured_times = 2;
constexpr std::uint32_t measured_chunks = 20;
/// With nothing under way for so long it is measured anew.
constexpr auto pause_least = std::chrono::milliseconds(100);
/// More than the rate varies by chance.
constexpr double gain_least = 1.1;
constexpr auto try_every = std::chrono::seconds(10);
constexpr int took_share = 8;  ///< of the latest in what is usual

}  // namespace

void Breadth::on_left(wire::Time now, std::uint64_t bytes, wire::Duration took) {
    took_ += (took - took_) / took_share;
    auto const begun = now - took;
    if (begun - std::exchange(left_, now) >= pause_least) {
        measure_from(now);
    }
    if (now < from_) {
        return;
    }
    if (!since_) {
        since_ = now;  // what has just left was on its way before
        return;
    }
    bytes_ += bytes;
    ++chunks_;
    auto const measured = now - *since_;
    if (chunks_ < measured_chunks ||
        measured < std::max<wire::Duration>(measured_least, measured_times * took_)) {
        return;
    }
    auto const sinks = sinks_;
    decide(now, static_cast<double>(bytes_) / std::chrono::duration<double>(measured).count());
    // What was begun before does not tell of the new number.
    measure_from(sinks_ == sinks ? now : now + took_);
}

void Breadth::measure_from(wire::Time time) {
    from_ = time;
    since_.reset();
    bytes_ = 0;
    chunks_ = 0;
    refused_ = false;
}

void Breadth::decide(wire::Time now, double bytes_per_s) {
    bool const more = bytes_per_s >= gain_least * rate_;
    bool const less = rate_ >= gain_least * bytes_per_s;
    switch (phase_) {
        case Phase::steady:
            if (refused_ && now >= next_try_) {
                phase_ = Phase::trying;
                sinks_ *= 2;
            }
            break;
        case Phase::trying:
            sinks_ /= 2;
            if (more) {
                phase_ = Phase::checking;
            } else {
                give_up(now);
            }
            break;
        case Phase::checking:
            if (less) {
                sinks_ *= 2;
                phase_ = Phase::steady;
            } else {
                give_up(now);
            }
            break;
    }
    rate_ = bytes_per_s;
}

void Breadth::give_up(wire::Time now) {
    phase_ = Phase::steady;
    next_try_ = now + try_every;
}

}  // namespace xfsbus::swarm
