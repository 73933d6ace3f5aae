#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace xfsbus::policies {

/// Which call into a policy is under way, for those who look from outside: the watch, on a thread
/// of its own, and the handler of a crash, on the thread of the call. Calls are made by one thread
/// at a time. Stays where it is.
class CallMark {
  public:
    /// policy: its name. file: of its plug-in, without the directories.
    CallMark(std::string policy, std::string file)
        : policy_(std::move(policy)), file_(std::move(file)) {}

    CallMark(CallMark const&) = delete;
    CallMark& operator=(CallMark const&) = delete;
    CallMark(CallMark&&) = delete;
    CallMark& operator=(CallMark&&) = delete;
    ~CallMark() = default;

    /// For the time of a call.
    class Call {
      public:
        /// operation: a literal.
        Call(CallMark& mark, char const* operation) : mark_(mark), outer_(here) {
            mark.calls_.store(mark.calls_.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
            mark.operation_.store(operation, std::memory_order_release);
            here = &mark;
        }

        ~Call() {
            here = outer_;
            mark_.operation_.store(nullptr, std::memory_order_release);
        }

        Call(Call const&) = delete;
        Call& operator=(Call const&) = delete;

      private:
        CallMark& mark_;
        CallMark const* outer_;
    };

    [[nodiscard]] std::string const& policy() const { return policy_; }

    [[nodiscard]] std::string const& file() const { return file_; }

    /// What is called now; null: nothing is. Any thread.
    [[nodiscard]] char const* operation() const {
        return operation_.load(std::memory_order_acquire);
    }

    /// How many calls have begun, so that one is told from the next. Any thread.
    [[nodiscard]] std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

    /// The mark of the call that this thread is in, or null. May be asked by a signal's handler.
    [[nodiscard]] static CallMark const* of_this_thread() { return here; }

  private:
    // Of the thread's own memory from its beginning: a signal's handler may not have any made.
    [[gnu::tls_model("initial-exec")]] static constinit thread_local CallMark const* here;

    std::string policy_;
    std::string file_;
    std::atomic<char const*> operation_ = nullptr;
    std::atomic<std::uint64_t> calls_ = 0;
};

}  // namespace xfsbus::policies
