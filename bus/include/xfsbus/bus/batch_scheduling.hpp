#pragma once

namespace xfsbus::bus {

/// Has this thread, and so all threads that it starts meanwhile, scheduled as those that compute
/// (SCHED_BATCH, sched(7)): one that is woken waits until who runs there has had its turn. Threads
/// that hand bytes to one another lose a tenth of their speed otherwise, where processors are few.
/// A thread that has another policy than the usual one keeps it; where the system refuses it,
/// nothing is changed.
class BatchScheduling {
  public:
    BatchScheduling();
    ~BatchScheduling();
    BatchScheduling(BatchScheduling const&) = delete;
    BatchScheduling& operator=(BatchScheduling const&) = delete;

  private:
    bool changed_ = false;
};

}  // namespace xfsbus::bus
