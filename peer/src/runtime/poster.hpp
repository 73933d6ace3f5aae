#pragma once

#include <xfsbus/bus/reactor.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace xfsbus::peer::runtime {

/// For other threads: does something on the reactor's, unless what it is about is gone by then.
inline std::function<void(bus::Reactor::Task)> poster(bus::Reactor& reactor,
                                                      std::weak_ptr<bool> alive) {
    return [&reactor, alive = std::move(alive)](bus::Reactor::Task task) {
        reactor.post([alive, task = std::move(task)] {
            if (!alive.expired()) {
                task();
            }
        });
    };
}

}  // namespace xfsbus::peer::runtime
