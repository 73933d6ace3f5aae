#include <xfsbus/bus/held_signals.hpp>

#include <initializer_list>

#include <pthread.h>
#include <time.h>

namespace xfsbus::bus {
namespace {

sigset_t all_but_faults() {
    sigset_t signals;
    ::sigfillset(&signals);
    for (int const fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) {
        ::sigdelset(&signals, fault);
    }
    return signals;
}

/// A write of this thread may have raised it, and it would be delivered as soon as it may.
void forget_size_signal() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGXFSZ);
    timespec const at_once{};
    ::sigtimedwait(&signals, nullptr, &at_once);
}

}  // namespace

HeldSignals::HeldSignals() {
    auto const held = all_but_faults();
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
}

HeldSignals::~HeldSignals() {
    if (::sigismember(&before_, SIGXFSZ) == 0) {
        forget_size_signal();
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace xfsbus::bus
