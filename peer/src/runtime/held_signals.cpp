#include "runtime/size_signal.hpp"

#include <pthread.h>
#include <time.h>

namespace xfsbus::peer::runtime {
namespace {

sigset_t size_signal() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGXFSZ);
    return signals;
}

}  // namespace

NoSizeSignal::NoSizeSignal() {
    auto const held = size_signal();
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
}

NoSizeSignal::~NoSizeSignal() {
    if (::sigismember(&before_, SIGXFSZ) == 0) {
        // One that came meanwhile would be delivered as soon as it may.
        auto const held = size_signal();
        timespec const at_once{};
        ::sigtimedwait(&held, nullptr, &at_once);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace xfsbus::peer::runtime
