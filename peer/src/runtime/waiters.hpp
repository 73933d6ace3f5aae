#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace xfsbus::peer::runtime {

/// Those that wait for something. Who gives up leaves nothing here for long. Reactor thread.
template <typename... News>
class Waiters {
  public:
    using Then = std::function<void(News const&...)>;

    /// `then` is called once, if `who` is still there.
    void add(std::weak_ptr<void const> who, Then then) {
        std::erase_if(all_, [](auto const& waiter) { return waiter.who.expired(); });
        all_.push_back({std::move(who), std::move(then)});
    }

    /// It has come. Those that are added meanwhile wait for the next time.
    void tell(News const&... news) {
        for (auto const& waiter : std::exchange(all_, {})) {
            if (!waiter.who.expired()) {
                waiter.then(news...);
            }
        }
    }

    [[nodiscard]] std::size_t size() const { return all_.size(); }

  private:
    struct Waiter {
        std::weak_ptr<void const> who;
        Then then;
    };

    std::vector<Waiter> all_;
};

}  // namespace xfsbus::peer::runtime
