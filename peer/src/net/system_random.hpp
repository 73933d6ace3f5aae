#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/random.h>

namespace xfsbus::peer::net {

/// Fills the bytes from the system's source of randomness, so that nobody can guess what comes next
/// from what came before. Any thread.
inline void fill_random(std::span<std::uint8_t> bytes) {
    // A blocking call for so few bytes is not interrupted, and fails only where there is no such
    // source (getrandom(2)).
    while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    }
}

/// The same, with one call of the system for many. What it has given is not kept. One thread's.
class RandomStore {
  public:
    /// No more than it holds.
    void fill(std::span<std::uint8_t> bytes) {
        if (bytes.size() > left_) {
            fill_random(store_);
            left_ = store_.size();
        }
        left_ -= bytes.size();
        auto const taken = std::span(store_).subspan(left_, bytes.size());
        std::ranges::copy(taken, bytes.begin());
        std::ranges::fill(taken, std::uint8_t{0});
    }

  private:
    std::array<std::uint8_t, 4096> store_{};
    std::size_t left_ = 0;
};

}  // namespace xfsbus::peer::net
