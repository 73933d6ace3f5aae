#pragma once

#include <xfsbus/policies/fair.hpp>
#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/upload_choice.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace xfsbus::policies {

/// An upload choice that cannot do harm: what it throws, and a rank that is not a finite number, is
/// counted and made good by Fair, for the whole decision. After CallGuard::max_faults_in_a_row
/// faults in a row, or two slow calls, the policy is not called any more. Used by one thread; owns
/// the policy.
class GuardedUploadChoice final : public UploadChoice {
  public:
    /// name: the policy's, for reports.
    GuardedUploadChoice(std::string name, std::unique_ptr<UploadChoice> policy,
                        GuardOptions options = {});

    using Make = std::function<std::unique_ptr<UploadChoice>()>;

    /// The same with a policy that is yet to be made: if `make` throws that is a fault, and the
    /// default decides all. Throws PolicyFault if strict.
    GuardedUploadChoice(std::string name, Make const& make, GuardOptions options);

    /// Every rank is finite. The policy is not asked about no sinks.
    /// Throws PolicyFault if strict; what stands in ranks then means nothing.
    void rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override;

    [[nodiscard]] std::string const& name() const { return guard_.name(); }

    [[nodiscard]] PolicyCounters const& counters() const { return guard_.counters(); }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return guard_.given_up(); }

  private:
    std::unique_ptr<UploadChoice> policy_;
    Fair fallback_;
    CallGuard guard_;
};

}  // namespace xfsbus::policies
