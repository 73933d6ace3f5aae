#pragma once

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
#include <string_view>
#include <vector>

namespace xfsbus::policies {

/// How a policy is watched.
struct GuardOptions {
    /// A fault is thrown as a PolicyFault instead of being made good by the default.
    bool strict = false;
    /// How long one call may take; more is counted as slow. Without a clock nothing is.
    std::chrono::nanoseconds budget = std::chrono::milliseconds(10);
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

/// A policy that cannot do harm: what it throws and what makes no sense is counted and made good
/// by LoadLatency. After max_faults_in_a_row faulty or slow calls without one good pick between
/// them it is not called any more. Used by one thread; owns the policy.
class GuardedSelector final : public PeerSelector {
  public:
    static constexpr std::uint64_t max_faults_in_a_row = 16;
    static constexpr std::uint64_t report_every = 1000;

    /// name: the policy's, for reports. seed: of the generator for pick without one.
    GuardedSelector(std::string name, std::unique_ptr<PeerSelector> policy, std::uint64_t seed,
                    GuardOptions options = {});

    /// An index into sources, or nullopt; nullopt if there are no sources.
    /// Throws PolicyFault if strict.
    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng& rng) override;

    /// The same with the generator made of the seed.
    std::optional<std::size_t> pick(RequestView const& request,
                                    std::span<SourceView const> sources) {
        return pick(request, sources, random_.rng());
    }

    /// Never NaN. Throws PolicyFault if strict.
    std::optional<double> cost(SourceView const& source) override;

    /// Throws PolicyFault if strict.
    void observe(SourceView const& source, OutcomeView const& outcome) override;

    [[nodiscard]] std::string const& name() const { return name_; }

    [[nodiscard]] PolicyCounters const& counters() const { return counters_; }

    /// Whether the policy is not called any more.
    [[nodiscard]] bool given_up() const { return in_a_row_ >= max_faults_in_a_row; }

  private:
    template <class Call>
    bool attempt(std::string_view operation, Call call);
    void fault(std::string_view operation, std::string_view reason);
    void check_time(std::string_view operation, std::chrono::nanoseconds spent);
    void complain(std::string const& what);
    [[nodiscard]] std::chrono::nanoseconds now() const;

    std::string name_;
    std::unique_ptr<PeerSelector> policy_;
    LoadLatency fallback_;
    SeededRandom random_;
    GuardOptions options_;
    PolicyCounters counters_;
    std::uint64_t in_a_row_ = 0;
};

/// Every source once, as indices into sources, best first: by asking for a pick among what is
/// left, again and again. When the policy wants nobody, the rest follows as given.
/// Time grows with the square of the number of sources: for lists people look at, up to some
/// hundreds. The selector's answers are trusted: give a GuardedSelector.
[[nodiscard]] std::vector<std::size_t> rank(PeerSelector& selector, RequestView const& request,
                                            std::vector<SourceView> sources, Rng& rng);

}  // namespace xfsbus::policies
