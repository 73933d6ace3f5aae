#include <xfsbus/bus/batch_scheduling.hpp>

#include <pthread.h>
#include <sched.h>

namespace xfsbus::bus {
namespace {

bool set(int policy) {
    sched_param const none{};
    return ::pthread_setschedparam(::pthread_self(), policy, &none) == 0;
}

}  // namespace

BatchScheduling::BatchScheduling() {
    int policy = 0;
    sched_param parameters{};
    changed_ = ::pthread_getschedparam(::pthread_self(), &policy, &parameters) == 0 &&
               policy == SCHED_OTHER && set(SCHED_BATCH);
}

BatchScheduling::~BatchScheduling() {
    if (changed_) {
        set(SCHED_OTHER);
    }
}

}  // namespace xfsbus::bus
