#pragma once

#include <xfsbus/policies/abi.h>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace xfsbus::policies {

/// Random numbers for a policy, seeded by the host, so that a run can be repeated.
/// A UniformRandomBitGenerator.
class Rng {
  public:
    using result_type = std::uint64_t;

    explicit Rng(::xfsbus_random& random) : random_(random) {}

    static constexpr result_type min() { return 0; }

    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() { return random_.next(random_.state); }

    /// Uniform in [0, count); count > 0. Unlike std::uniform_int_distribution, the same on every
    /// standard library.
    std::size_t below(std::size_t count) {
        std::uint64_t const limit = max() - max() % count;
        std::uint64_t value = (*this)();
        while (value >= limit) {
            value = (*this)();
        }
        return static_cast<std::size_t>(value % count);
    }

  private:
    ::xfsbus_random& random_;
};

}  // namespace xfsbus::policies
