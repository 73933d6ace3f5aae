#pragma once

#include "catch.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace xfsbus::bus {

/// A reactor on the test's own thread that runs until something has happened.
class Loop {
  public:
    [[nodiscard]] Reactor& reactor() { return reactor_; }

    /// Runs until `happened()`, which is asked in every turn; the test fails if it never is true.
    void until(std::function<bool()> const& happened) {
        REQUIRE(turn_until(happened, std::chrono::seconds(20)));
    }

    /// Runs this long; false as soon as `happened()`. For what should not happen.
    bool stays_quiet(std::function<bool()> const& happened, std::chrono::milliseconds time) {
        return !turn_until(happened, time);
    }

  private:
    bool turn_until(std::function<bool()> const& happened, std::chrono::milliseconds patience) {
        auto const deadline = std::chrono::steady_clock::now() + patience;
        bool in_time = false;
        std::function<void()> const look = [&] {
            in_time = happened();
            if (in_time || reactor_.now() > deadline) {
                reactor_.stop();
                return;
            }
            reactor_.at(reactor_.now() + std::chrono::milliseconds(1), look);
        };
        reactor_.post(look);
        reactor_.run();
        return in_time;
    }

    Reactor reactor_;
};

}  // namespace xfsbus::bus
