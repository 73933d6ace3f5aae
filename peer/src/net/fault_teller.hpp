#pragma once

#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <exception>

namespace xfsbus::peer::net {

/// What is thrown on another thread is thrown again on the reactor's, which ends with it. The
/// reactor outlives the thread.
inline threads::WorkerPool::OnFault fault_teller(bus::Reactor& reactor) {
    return [&reactor](std::exception_ptr const& fault) {
        reactor.post([fault] { std::rethrow_exception(fault); });
    };
}

}  // namespace xfsbus::peer::net
