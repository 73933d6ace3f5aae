#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace xfsbus::policies {

/// How a policy is watched.
struct GuardOptions {
    /// A fault is thrown as a PolicyFault instead of being made good by the default.
    bool strict = false;
    /// How long one call may take; more is counted as slow. Without a clock nothing is.
    std::chrono::nanoseconds budget = std::chrono::milliseconds(10);
    /// How long creating an object may take, which is done where nobody waits for it.
    std::chrono::nanoseconds create_budget = std::chrono::seconds(1);
    /// A steady clock; left out where time is simulated.
    std::function<std::chrono::nanoseconds()> clock;
    /// Told of the first fault, of every 1000th, and when the policy is given up. Must not throw.
    std::function<void(std::string_view)> report;
};

struct PolicyCounters {
    std::uint64_t picks = 0;     ///< decisions asked for
    std::uint64_t faults = 0;    ///< calls that failed or whose answer was nonsense
    std::uint64_t slow = 0;      ///< calls over budget; their answers were used
    std::uint64_t fallback = 0;  ///< decisions that the built-in default made instead
};

/// Calls a policy for a class that guards one, and keeps the policy's record: what it throws is
/// counted and reported, so is a call over budget, and after max_faults_in_a_row of either without
/// one good decision between them it is not called any more. The methods that call it throw
/// PolicyFault if strict. Used by one thread.
class CallGuard {
  public:
    static constexpr std::uint64_t max_faults_in_a_row = 16;
    static constexpr std::uint64_t report_every = 1000;

    /// name: the policy's, for reports.
    CallGuard(std::string name, GuardOptions options);

    /// Runs the call that creates the policy. If it throws there is no policy, and none is called.
    template <class Call>
    void create(Call const& call) {
        if (run("create", call, options_.create_budget) == Ending::failed) {
            in_a_row_ = max_faults_in_a_row;
        }
    }

    /// Runs a call that decides; it throws if the policy's answer is nonsense. Whether the answer
    /// may be used; if not, the caller has the default decide.
    template <class Call>
    bool decide(std::string_view operation, Call const& call) {
        ++counters_.picks;
        auto const ending = run(operation, call, options_.budget);
        if (ending == Ending::good) {
            in_a_row_ = 0;
        }
        return usable(ending);
    }

    /// The same for a call that only estimates: it may end well while every decision fails, so it
    /// does not end a row of faults.
    template <class Call>
    bool estimate(std::string_view operation, Call const& call) {
        return usable(run(operation, call, options_.budget));
    }

    /// Runs a call that tells the policy something; no default stands in for it.
    template <class Call>
    void tell(std::string_view operation, Call const& call) {
        run(operation, call, options_.budget);
    }

    [[nodiscard]] std::string const& name() const { return name_; }

    [[nodiscard]] PolicyCounters const& counters() const { return counters_; }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return in_a_row_ >= max_faults_in_a_row; }

  private:
    enum class Ending { good, slow, failed };

    template <class Call>
    Ending run(std::string_view operation, Call const& call, std::chrono::nanoseconds budget) {
        if (given_up()) {
            return refuse();
        }
        auto const start = now();
        try {
            call();
        } catch (std::exception const& e) {
            return fault(operation, e.what());
        } catch (...) {
            return fault(operation, "unknown exception");
        }
        return check_time(operation, now() - start, budget);
    }

    [[nodiscard]] Ending refuse() const;
    Ending fault(std::string_view operation, std::string_view reason);
    Ending check_time(std::string_view operation, std::chrono::nanoseconds spent,
                      std::chrono::nanoseconds budget);
    bool usable(Ending ending);
    void complain(std::string const& what);
    [[nodiscard]] std::chrono::nanoseconds now() const;

    std::string name_;
    GuardOptions options_;
    PolicyCounters counters_;
    std::uint64_t in_a_row_ = 0;
};

}  // namespace xfsbus::policies
