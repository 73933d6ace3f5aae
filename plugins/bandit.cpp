#include "exchange.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

namespace {

using namespace xfsbus::policies;

/// Sources as the arms of a bandit: who has delivered fast is used, and who is little known is
/// tried, the more so the less is known. UCB1 of Auer, Cesa-Bianchi and Fischer, "Finite-time
/// Analysis of the Multiarmed Bandit Problem" (Machine Learning 47, 2002):
///
///     index = mean of what it delivered + explore x sqrt(2 ln(all tries) / tries of it)
///
/// in parts of the fastest mean. The candidate with the highest index comes in for the source with
/// the lowest, if it is clearly higher.
class Bandit final : public PeerSelector {
  public:
    explicit Bandit(Parameters const& given) : explore_(given.number("explore", 0.0, 100.0)) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            best = index(sources[i]) > index(sources[best]) ? i : best;
        }
        return best;
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_REPLACE});
    }

    Answer decide(RequestView const&, std::span<SourceView const> sources, Rng&) override {
        auto const [in, out] = xfsbus::plugins::best_for_worst(
            sources, [](auto const& source) { return source.completeness > 0; },
            [this](auto const& a, auto const& b) { return index(a) > index(b); });
        constexpr double clearly = 1.2;
        bool const better = in && out && index(sources[*in]) > clearly * index(sources[*out]);
        return better ? swap(*in, *out) : nobody();
    }

    void observe(SourceView const& source, OutcomeView const& outcome) override {
        bool const came = outcome.reason == XFSBUS_OUTCOME_DELIVERED;
        auto& arm = arms_[source.source_id];
        arm.tries += 1;
        arm.mean += ((came ? finite(known_rate(source)) : 0.0) - arm.mean) / arm.tries;
        best_mean_ = std::max(best_mean_, arm.mean);
        tries_ += 1;
    }

  private:
    struct Arm {
        double tries = 0;
        double mean = 0;  ///< bytes/s
    };

    static double finite(double rate) { return std::min(rate, 1e18); }

    /// What an earlier download found of it counts as one try.
    [[nodiscard]] double index(SourceView const& source) const {
        auto const found = arms_.find(source.source_id);
        double const before = finite(source.history_bytes_per_s);
        Arm const arm = found != arms_.end() ? found->second
                        : before > 0         ? Arm{1, before}
                                             : Arm{0, 0};
        if (arm.tries == 0) {
            return 1 + explore_;
        }
        double const best = std::max({best_mean_, arm.mean, 1.0});
        return arm.mean / best + explore_ * std::sqrt(2 * std::log(tries_ + 1) / arm.tries);
    }

    double explore_;
    double tries_ = 0;
    double best_mean_ = 0;
    std::unordered_map<std::uint64_t, Arm> arms_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Bandit, "bandit", "1.0",
                            "what has delivered fast is used, what is little known is tried (UCB1)",
                            XFSBUS_PARAMETER("explore", "0.3", "how much what is unknown is worth"))
