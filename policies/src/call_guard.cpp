#include "printable.hpp"

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

std::string in_milliseconds(std::chrono::nanoseconds time) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

CallGuard::CallGuard(std::string name, GuardOptions options)
    : options_(std::move(options)), mark_(std::move(name), std::move(options_.file)) {
    if (options_.clock && options_.report) {
        watched_.emplace(CallWatch::of_process(), mark_, options_.hang_limit, options_.report);
    }
}

void CallGuard::count(std::uint32_t purpose, bool alone, PurposeCounters const& before) {
    if (purpose < counters_.purposes.size()) {
        auto& of_purpose = counters_.purposes.at(purpose);
        ++of_purpose.asked;
        of_purpose.alone += alone ? 1 : 0;
        of_purpose.faults += counters_.faults - before.faults;
        of_purpose.over_budget += counters_.over_budget - before.over_budget;
        of_purpose.spent += counters_.spent - before.spent;
    }
}

CallGuard::Ending CallGuard::refuse() const {
    if (options_.strict) {
        throw PolicyFault("policy '" + name() + "' was given up");
    }
    return Ending::failed;
}

CallGuard::Ending CallGuard::fault(char const* operation, std::string_view reason) {
    ++counters_.faults;
    ++in_a_row_;
    auto const what = "policy '" + name() + "': " + operation + ": " + printable(reason);
    if (options_.strict) {
        throw PolicyFault(what);
    }
    complain(what + "; the built-in default decides instead",
             std::to_string(in_a_row_) + " faults in a row");
    return Ending::failed;
}

/// Whether the second that `now` is in has no time left for the policy.
bool CallGuard::is_spent(std::chrono::nanoseconds now) {
    if (now - second_ >= std::chrono::seconds(1)) {
        second_ = now;
        spent_ = {};
    }
    return spent_ > options_.budget_a_second;
}

CallGuard::Ending CallGuard::skip() {
    auto const what = "policy '" + name() + "': took more than " +
                      in_milliseconds(options_.budget_a_second) +
                      " of a second; the built-in default decides until it has passed";
    if (options_.strict) {
        throw PolicyFault(what);
    }
    if (++counters_.over_budget == 1 && options_.report) {
        options_.report(what);
    }
    return Ending::failed;
}

CallGuard::Ending CallGuard::note_time(char const* operation, std::chrono::nanoseconds start,
                                       Ending ending) {
    auto const end = now();
    auto const spent = end - start;
    spent_ += spent;
    counters_.spent += spent;
    bool const hung = spent >= options_.hang_limit;
    if (!hung && (ending == Ending::failed || spent <= options_.budget)) {
        return ending;
    }
    if (hung || (slow_at_ && end - *slow_at_ < slow_apart)) {
        in_a_row_ = max_faults_in_a_row;
    }
    slow_at_ = end;
    note_slow(operation, spent, options_.budget,
              hung ? "a call of more than " + in_milliseconds(options_.hang_limit)
                   : "two calls that took too long");
    return ending == Ending::failed ? ending : Ending::slow;
}

void CallGuard::note_slow(char const* operation, std::chrono::nanoseconds spent,
                          std::chrono::nanoseconds budget, std::string const& why_given_up) {
    ++counters_.slow;
    complain("policy '" + name() + "': " + operation + " took " + in_milliseconds(spent) +
                 ", more than the " + in_milliseconds(budget) + " it may take",
             why_given_up);
}

bool CallGuard::usable(Ending ending) {
    if (ending == Ending::failed) {
        ++counters_.fallback;
    }
    return ending != Ending::failed;
}

void CallGuard::complain(std::string const& what, std::string const& why_given_up) {
    if (!options_.report) {
        return;
    }
    auto const count = counters_.faults + counters_.slow;
    if (count == 1 || count % report_every == 0) {
        options_.report(what + " (so far: " + std::to_string(count) + ")");
    }
    if (given_up()) {
        options_.report("policy '" + name() + "': " + why_given_up + ", the last: " + what +
                        "; it is not called any more");
    }
}

std::chrono::nanoseconds CallGuard::now() const {
    return options_.clock ? options_.clock() : std::chrono::nanoseconds(0);
}

}  // namespace xfsbus::policies
