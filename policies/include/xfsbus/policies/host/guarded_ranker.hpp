#pragma once

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace xfsbus::policies {

/// What guards of policies that rank have in common: the policy, and the built-in rule that stands
/// in for it. Used by one thread; owns the policy.
template <class Policy, class Fallback>
class GuardedRanker : public Policy {
  public:
    /// name: the policy's, for reports.
    GuardedRanker(std::string name, std::unique_ptr<Policy> policy, GuardOptions options = {})
        : policy_(std::move(policy)), guard_(std::move(name), std::move(options)) {}

    using Make = std::function<std::unique_ptr<Policy>()>;

    /// The same with a policy that is yet to be made: if `make` throws that is a fault, and the
    /// default decides all. Throws PolicyFault if strict.
    GuardedRanker(std::string name, Make const& make, GuardOptions options)
        : guard_(std::move(name), std::move(options)) {
        guard_.create([&] { policy_ = make(); });
    }

    [[nodiscard]] std::string const& name() const { return guard_.name(); }

    [[nodiscard]] PolicyCounters const& counters() const { return guard_.counters(); }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return guard_.given_up(); }

  protected:
    std::unique_ptr<Policy> policy_;
    Fallback fallback_;
    CallGuard guard_;
};

}  // namespace xfsbus::policies
