#include "printable.hpp"

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>

#include <utility>

namespace xfsbus::policies {

CallGuard::CallGuard(std::string name, GuardOptions options)
    : name_(std::move(name)), options_(std::move(options)) {}

CallGuard::Ending CallGuard::refuse() const {
    if (options_.strict) {
        throw PolicyFault("policy '" + name_ + "' was given up");
    }
    return Ending::failed;
}

CallGuard::Ending CallGuard::fault(std::string_view operation, std::string_view reason) {
    ++counters_.faults;
    ++in_a_row_;
    auto const what =
        "policy '" + name_ + "': " + std::string(operation) + ": " + printable(reason);
    if (options_.strict) {
        throw PolicyFault(what);
    }
    complain(what + "; the built-in default decides instead");
    return Ending::failed;
}

CallGuard::Ending CallGuard::check_time(std::string_view operation, std::chrono::nanoseconds spent,
                                        std::chrono::nanoseconds budget) {
    if (spent <= budget) {
        return Ending::good;
    }
    ++counters_.slow;
    ++in_a_row_;
    auto const milliseconds = [](std::chrono::nanoseconds time) {
        return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
    };
    complain("policy '" + name_ + "': " + std::string(operation) + " took " + milliseconds(spent) +
             ", more than the " + milliseconds(budget) + " it may take");
    return Ending::slow;
}

bool CallGuard::usable(Ending ending) {
    if (ending == Ending::failed) {
        ++counters_.fallback;
    }
    return ending != Ending::failed;
}

void CallGuard::complain(std::string const& what) {
    if (!options_.report) {
        return;
    }
    auto const count = counters_.faults + counters_.slow;
    if (count == 1 || count % report_every == 0) {
        options_.report(what + " (so far: " + std::to_string(count) + ")");
    }
    if (given_up()) {
        options_.report("policy '" + name_ + "': " + std::to_string(in_a_row_) +
                        " faults in a row, the last: " + what + "; it is not called any more");
    }
}

std::chrono::nanoseconds CallGuard::now() const {
    return options_.clock ? options_.clock() : std::chrono::nanoseconds(0);
}

}  // namespace xfsbus::policies
