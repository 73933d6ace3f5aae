#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace xfsbus::swarm {

/// Places for the files that all downloads of a peer together fetch at once: each file has
/// descriptors open. Downloads that find none free wait in line, so that one of many files holds up
/// no other. Reactor thread.
class FilePlaces {
  public:
    explicit FilePlaces(std::size_t most) : free_(most) {}

    /// Whether the download, which is known by its address, has a place more from now on. Else it
    /// stands in line and `on_turn` is called, perhaps more than once, when it is the first and a
    /// place is free; it must then take() or leave().
    bool take(void const* download, std::function<void()> on_turn);
    void give_back();
    /// It wants no place now.
    void leave(void const* download);

  private:
    void call_first() const;

    std::size_t free_;
    std::deque<std::pair<void const*, std::function<void()>>> line_;
};

}  // namespace xfsbus::swarm
