#pragma once

#include <xfsbus/policies/rng.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace xfsbus::policies {

/// xoshiro256** 1.0, its state filled by splitmix64, both by Blackman and Vigna
/// (https://prng.di.unimi.it, public domain): the same numbers on every platform for a seed.
/// Not for secrets. Used by one thread; stays where it is, because rng() points into it.
class SeededRandom {
  public:
    explicit SeededRandom(std::uint64_t seed) {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15U;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
            word = z ^ (z >> 31U);
        }
    }

    SeededRandom(SeededRandom const&) = delete;
    SeededRandom& operator=(SeededRandom const&) = delete;
    SeededRandom(SeededRandom&&) = delete;
    SeededRandom& operator=(SeededRandom&&) = delete;
    ~SeededRandom() = default;

    std::uint64_t next() {
        std::uint64_t const result = std::rotl(state_[1] * 5U, 7) * 9U;
        std::uint64_t const t = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// These numbers as policies take them. Valid as long as this object is.
    Rng& rng() { return rng_; }

    ::xfsbus_random& random() { return random_; }

  private:
    std::array<std::uint64_t, 4> state_{};
    ::xfsbus_random random_{
        .state = this, .next = [](void* self) { return static_cast<SeededRandom*>(self)->next(); }};
    Rng rng_{random_};
};

}  // namespace xfsbus::policies
