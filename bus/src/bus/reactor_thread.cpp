#include "bus/reactor_impl.hpp"

#include <xfsbus/bus/batch_scheduling.hpp>
#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/bus/reactor_thread.hpp>

#include <atomic>
#include <thread>
#include <utility>

#include <pthread.h>

namespace xfsbus::bus {

struct ReactorThread::Impl {
    Impl() : thread([this] { work(); }) {}

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    ~Impl() {
        ends = true;
        poller.wake();
        thread.join();
    }

    void work() {
        ::pthread_setname_np(::pthread_self(), "xfs-reactor");
        poller.begin();
        while (!ends) {
            if (poller.is_empty()) {
                poller.wait();
            }
            poller.turn();
        }
    }

    Poller poller;
    std::atomic<bool> ends = false;
    std::thread thread;
};

/// libzmq's threads are like this one, for they begin with the poller.
ReactorThread::ReactorThread() {
    HeldSignals const for_all_threads;
    BatchScheduling const of_all_threads;
    impl_ = std::make_unique<Impl>();
}

ReactorThread::~ReactorThread() = default;

void ReactorThread::run(Reactor& reactor, OnLeft on_left) {
    ReactorAccess::loop_of(reactor).join(std::move(on_left));
}

Poller& ReactorAccess::poller_of(ReactorThread& thread) {
    return thread.impl_->poller;
}

}  // namespace xfsbus::bus
