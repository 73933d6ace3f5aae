#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/mixed.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace xfsbus::policies {

/// A handout that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Mixed, for the whole find. After CallGuard::max_faults_in_a_row faults
/// in a row, or two slow calls, the policy is not called any more. Used by one thread; owns the
/// policy.
class GuardedHandout final : public Handout {
  public:
    /// name: the policy's, for reports.
    GuardedHandout(std::string name, std::unique_ptr<Handout> policy, GuardOptions options = {});

    using Make = std::function<std::unique_ptr<Handout>()>;

    /// The same with a policy that is yet to be made: if `make` throws that is a fault, and the
    /// default decides all. Throws PolicyFault if strict.
    GuardedHandout(std::string name, Make const& make, GuardOptions options);

    /// Every rank is finite. The policy is not asked about no sources.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
              std::span<double> ranks) override;

    /// Whether the built-in rule has written the last ranks.
    [[nodiscard]] bool by_default() const { return by_default_; }

    [[nodiscard]] std::string const& name() const { return guard_.name(); }

    [[nodiscard]] PolicyCounters const& counters() const { return guard_.counters(); }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return guard_.given_up(); }

  private:
    std::unique_ptr<Handout> policy_;
    Mixed fallback_;
    CallGuard guard_;
    bool by_default_ = false;
};

}  // namespace xfsbus::policies
