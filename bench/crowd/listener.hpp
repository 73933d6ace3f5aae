#pragma once

#include "crowd/loop.hpp"

#include <cstdint>

namespace xfsbus::bench {

/// A port of all addresses of this machine, on which whoever connects is let go at once: where all
/// fake peers say that they listen, since a tracker tries that. One thread.
class Listener {
  public:
    /// Throws std::system_error.
    explicit Listener(Loop& loop);
    ~Listener();
    Listener(Listener const&) = delete;
    Listener& operator=(Listener const&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    Loop& loop_;
    int fd_;
    std::uint16_t port_ = 0;
};

}  // namespace xfsbus::bench
