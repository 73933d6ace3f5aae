#pragma once

#include <chrono>
#include <thread>

namespace xfsbus::test {

constexpr auto patience = std::chrono::seconds(20);

/// Waits until it holds; false: it does not within that time.
template <typename Condition>
bool comes_true(Condition condition) {
    auto const until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

}  // namespace xfsbus::test
