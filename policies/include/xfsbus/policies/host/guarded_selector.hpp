#pragma once

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/decision_recorder.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/policies/peer_selector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xfsbus::policies {

/// A policy that cannot do harm: what it throws and what makes no sense is counted and made good
/// by LoadLatency and the host's rules (answers.hpp). CallGuard says when it is not called any
/// more. Used by one thread; owns the policy.
class GuardedSelector final : public PeerSelector {
  public:
    /// name: the policy's, for reports. seed: of the generator for pick without one.
    GuardedSelector(std::string name, std::unique_ptr<PeerSelector> policy, std::uint64_t seed,
                    GuardOptions options = {});

    using Make = std::function<std::unique_ptr<PeerSelector>()>;

    /// The same with a policy that is yet to be made: if `make` throws that is a fault, and the
    /// default decides all. Throws PolicyFault if strict.
    GuardedSelector(std::string name, Make const& make, std::uint64_t seed, GuardOptions options);

    /// An index into sources, or nullopt; nullopt if there are no sources.
    /// Throws PolicyFault if strict.
    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng& rng) override;

    /// The same with the generator made of the seed.
    std::optional<std::size_t> pick(RequestView const& request,
                                    std::span<SourceView const> sources) {
        return pick(request, sources, random_.rng());
    }

    /// None once the policy has been given up.
    [[nodiscard]] std::uint32_t decides() const override;

    /// An answer that fits the question. Throws PolicyFault if strict.
    Answer decide(RequestView const& request, std::span<SourceView const> sources,
                  Rng& rng) override;

    /// Never NaN. Throws PolicyFault if strict.
    std::optional<double> cost(SourceView const& source) override;

    /// Throws PolicyFault if strict.
    void observe(SourceView const& source, OutcomeView const& outcome) override;

    [[nodiscard]] std::string const& name() const { return guard_.name(); }

    [[nodiscard]] PolicyCounters const& counters() const { return guard_.counters(); }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return guard_.given_up(); }

  private:
    /// spent: in all calls before this decision.
    void record(char const* operation, RequestView const& request,
                std::span<SourceView const> sources, Answer const& answer,
                std::chrono::nanoseconds spent, bool by_default) const;

    std::unique_ptr<PeerSelector> policy_;
    LoadLatency fallback_;
    SeededRandom random_;
    std::shared_ptr<DecisionRecorder> recorder_;
    CallGuard guard_;
    std::uint32_t decides_ = 0;
};

/// Every source once, as indices into sources, best first: by asking for a pick among what is
/// left, again and again. When the policy wants nobody, the rest follows as given.
/// Time grows with the square of the number of sources: for lists people look at, up to some
/// hundreds. The selector's answers are trusted: give a GuardedSelector.
[[nodiscard]] std::vector<std::size_t> rank(PeerSelector& selector, RequestView const& request,
                                            std::vector<SourceView> sources, Rng& rng);

}  // namespace xfsbus::policies
