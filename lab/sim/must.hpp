#pragma once

#include <stdexcept>

namespace xfsbus::lab::sim {

/// A core has not kept one of its promises: what comes of a simulation is worth nothing then.
class BrokenPromise : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Throws BrokenPromise, which says what should have held.
inline void must(bool holds, char const* what) {
    if (!holds) {
        throw BrokenPromise(what);
    }
}

}  // namespace xfsbus::lab::sim
