#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/call_mark.hpp>
#include <xfsbus/policies/host/call_watch.hpp>
#include <xfsbus/policies/host/crash_word.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::policies {

class DecisionRecorder;

/// How a policy is watched.
struct GuardOptions {
    /// A fault is thrown as a PolicyFault instead of being made good by the default.
    bool strict = false;
    /// How long one call may take; more is counted as slow. Without a clock nothing is.
    std::chrono::nanoseconds budget = std::chrono::milliseconds(10);
    /// And all calls of a second together; then the default decides until it has passed.
    std::chrono::nanoseconds budget_a_second = std::chrono::milliseconds(50);
    /// How long creating an object may take, which is done where nobody waits for it.
    std::chrono::nanoseconds create_budget = std::chrono::seconds(1);
    /// A call that takes so long is told of while it is under way, and if it comes back after all
    /// its policy is given up.
    std::chrono::nanoseconds hang_limit = std::chrono::seconds(1);
    /// A steady clock; left out where time is simulated: then nothing is slow, and no call watched.
    std::function<std::chrono::nanoseconds()> clock;
    /// Told of the first fault, of every 1000th, of a call that does not come back, and when the
    /// policy is given up. Called by the policy's thread and by that of the watch. Must not throw.
    std::function<void(std::string_view)> report;
    /// Of the policy's plug-in, without the directories: for the word of a crash. Those who make
    /// policies of plug-ins say it.
    std::string file = {};
    /// Told of every decision of a peer selection; null: nobody is.
    std::shared_ptr<DecisionRecorder> recorder = {};
};

/// Of one purpose, XFSBUS_PURPOSE_....
struct PurposeCounters {
    std::uint64_t asked = 0;
    std::uint64_t alone = 0;  ///< of these, with one candidate only
    std::uint64_t faults = 0;
    std::uint64_t over_budget = 0;
    std::chrono::nanoseconds spent{};
};

struct PolicyCounters {
    std::uint64_t picks = 0;           ///< decisions asked for
    std::uint64_t faults = 0;          ///< calls that failed or whose answer was nonsense
    std::uint64_t slow = 0;            ///< calls over budget; their answers were used
    std::uint64_t over_budget = 0;     ///< calls that were not made, as the second's time was spent
    std::uint64_t fallback = 0;        ///< decisions that the built-in default made instead
    std::chrono::nanoseconds spent{};  ///< in all calls
    std::array<PurposeCounters, XFSBUS_PURPOSES> purposes{};  ///< of a peer selection
};

/// Calls a policy for a class that guards one, and keeps the policy's record: what it throws is
/// counted and reported, so is a call over budget. After max_faults_in_a_row faults without one
/// good decision between them, or two calls over budget within slow_apart, or one that took
/// hang_limit, it is not called any more; nor for the rest of a second in which it has taken more
/// than its share. The methods that call it throw PolicyFault if strict. Used by one thread.
class CallGuard {
  public:
    static constexpr std::uint64_t max_faults_in_a_row = 16;
    static constexpr std::uint64_t report_every = 1000;
    static constexpr std::chrono::nanoseconds slow_apart = std::chrono::seconds(10);

    /// name: the policy's, for reports.
    CallGuard(std::string name, GuardOptions options);

    // operation: a literal, the policy's method.

    /// Runs the call that creates the policy. If it throws there is no policy, and none is called.
    template <class Call>
    void create(Call const& call) {
        auto const start = now();
        if (run("create", call) == Ending::failed) {
            in_a_row_ = max_faults_in_a_row;
        } else if (auto const spent = now() - start; spent > options_.create_budget) {
            note_slow("create", spent, options_.create_budget, {});
        }
    }

    /// Runs a call that decides; it throws if the policy's answer is nonsense. Whether the answer
    /// may be used; if not, the caller has the default decide.
    template <class Call>
    bool decide(char const* operation, Call const& call) {
        ++counters_.picks;
        auto const ending = run_in_time(operation, call);
        if (ending == Ending::good) {
            in_a_row_ = 0;
        }
        return usable(ending);
    }

    /// The same, for a question with a purpose, XFSBUS_PURPOSE_.... alone: it has one candidate.
    template <class Call>
    bool decide(std::uint32_t purpose, bool alone, char const* operation, Call const& call) {
        PurposeCounters const before = all_purposes();
        bool const good = decide(operation, call);
        count(purpose, alone, before);
        return good;
    }

    /// The same for a call that only estimates: it may end well while every decision fails, so it
    /// does not end a row of faults.
    template <class Call>
    bool estimate(char const* operation, Call const& call) {
        return usable(run_in_time(operation, call));
    }

    /// Runs a call that tells the policy something; no default stands in for it.
    template <class Call>
    void tell(char const* operation, Call const& call) {
        run_in_time(operation, call);
    }

    [[nodiscard]] std::string const& name() const { return mark_.policy(); }

    [[nodiscard]] PolicyCounters const& counters() const { return counters_; }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return in_a_row_ >= max_faults_in_a_row; }

  private:
    enum class Ending { good, slow, failed };

    template <class Call>
    Ending run(char const* operation, Call const& call) {
        try {
            prepare_to_tell();
            CallMark::Call const marked(mark_, operation);
            call();
        } catch (std::exception const& e) {
            return fault(operation, e.what());
        } catch (...) {
            return fault(operation, "unknown exception");
        }
        return Ending::good;
    }

    template <class Call>
    Ending run_in_time(char const* operation, Call const& call) {
        if (given_up()) {
            return refuse();
        }
        auto const start = now();
        if (is_spent(start)) {
            return skip();
        }
        auto const ending = run(operation, call);
        return note_time(operation, start, ending);
    }

    /// So far, whatever was asked.
    [[nodiscard]] PurposeCounters all_purposes() const {
        return {.faults = counters_.faults,
                .over_budget = counters_.over_budget,
                .spent = counters_.spent};
    }

    void count(std::uint32_t purpose, bool alone, PurposeCounters const& before);
    [[nodiscard]] Ending refuse() const;
    [[nodiscard]] bool is_spent(std::chrono::nanoseconds now);
    Ending skip();
    Ending fault(char const* operation, std::string_view reason);
    Ending note_time(char const* operation, std::chrono::nanoseconds start, Ending ending);
    void note_slow(char const* operation, std::chrono::nanoseconds spent,
                   std::chrono::nanoseconds budget, std::string const& why_given_up);
    bool usable(Ending ending);
    void complain(std::string const& what, std::string const& why_given_up);
    [[nodiscard]] std::chrono::nanoseconds now() const;

    GuardOptions options_;
    CallMark mark_;
    PolicyCounters counters_;
    std::uint64_t in_a_row_ = 0;
    std::chrono::nanoseconds second_{};                ///< when it began
    std::chrono::nanoseconds spent_{};                 ///< in it
    std::optional<std::chrono::nanoseconds> slow_at_;  ///< when a call was last slow
    std::optional<CallWatch::Watched> watched_;        ///< last: it looks at the mark
};

}  // namespace xfsbus::policies
