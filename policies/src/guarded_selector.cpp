#include <xfsbus/policies/host/guarded_selector.hpp>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

constexpr std::string_view pick_operation = "pick";

}  // namespace

GuardedSelector::GuardedSelector(std::string name, std::unique_ptr<PeerSelector> policy,
                                 std::uint64_t seed, GuardOptions options)
    : name_(std::move(name)),
      policy_(std::move(policy)),
      random_(seed),
      options_(std::move(options)) {}

std::optional<std::size_t> GuardedSelector::pick(RequestView const& request,
                                                 std::span<SourceView const> sources, Rng& rng) {
    if (sources.empty()) {
        return std::nullopt;
    }
    ++counters_.picks;
    std::optional<std::size_t> index;
    bool const good = attempt(pick_operation, [&] {
        index = policy_->pick(request, sources, rng);
        if (index && *index >= sources.size()) {
            throw std::out_of_range("answered " + std::to_string(*index) + " where there are " +
                                    std::to_string(sources.size()) + " sources");
        }
    });
    if (good) {
        return index;
    }
    ++counters_.fallback;
    return fallback_.pick(request, sources, rng);
}

std::optional<double> GuardedSelector::cost(SourceView const& source) {
    std::optional<double> value;
    bool const good = attempt("cost", [&] {
        value = policy_->cost(source);
        if (value && std::isnan(*value)) {
            throw std::domain_error("answered with what is not a number");
        }
    });
    if (good) {
        return value;
    }
    ++counters_.fallback;
    return fallback_.cost(source);
}

void GuardedSelector::observe(SourceView const& source, OutcomeView const& outcome) {
    attempt("observe", [&] { policy_->observe(source, outcome); });
}

/// Calls the policy unless it was given up. Whether that went well.
template <class Call>
bool GuardedSelector::attempt(std::string_view operation, Call call) {
    if (given_up()) {
        if (options_.strict) {
            throw PolicyFault("policy '" + name_ + "' was given up");
        }
        return false;
    }
    auto const start = now();
    try {
        call();
    } catch (std::exception const& e) {
        fault(operation, e.what());
        return false;
    } catch (...) {
        fault(operation, "unknown exception");
        return false;
    }
    check_time(operation, now() - start);
    return true;
}

void GuardedSelector::fault(std::string_view operation, std::string_view reason) {
    ++counters_.faults;
    ++in_a_row_;
    auto const what =
        "policy '" + name_ + "': " + std::string(operation) + ": " + std::string(reason);
    if (options_.strict) {
        throw PolicyFault(what);
    }
    complain(what + "; the built-in default decides instead");
}

void GuardedSelector::check_time(std::string_view operation, std::chrono::nanoseconds spent) {
    if (spent <= options_.budget) {
        // What only observes or estimates well may still fail at every decision.
        in_a_row_ = operation == pick_operation ? 0 : in_a_row_;
        return;
    }
    ++counters_.slow;
    ++in_a_row_;
    auto const milliseconds = [](std::chrono::nanoseconds time) {
        return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
    };
    complain("policy '" + name_ + "': " + std::string(operation) + " took " + milliseconds(spent) +
             ", more than the " + milliseconds(options_.budget) + " it may take");
}

void GuardedSelector::complain(std::string const& what) {
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

std::chrono::nanoseconds GuardedSelector::now() const {
    return options_.clock ? options_.clock() : std::chrono::nanoseconds(0);
}

std::vector<std::size_t> rank(PeerSelector& selector, RequestView const& request,
                              std::vector<SourceView> sources, Rng& rng) {
    std::vector<std::size_t> left(sources.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    std::vector<std::size_t> order;
    while (!sources.empty()) {
        auto const index = selector.pick(request, sources, rng);
        if (!index) {
            break;
        }
        order.push_back(left.at(*index));
        auto const at = static_cast<std::ptrdiff_t>(*index);
        left.erase(left.begin() + at);
        sources.erase(sources.begin() + at);
    }
    order.insert(order.end(), left.begin(), left.end());
    return order;
}

}  // namespace xfsbus::policies
