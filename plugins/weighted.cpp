#include "labels.hpp"

#include <xfsbus/policies/export.hpp>

#include <string>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::label;

/// The highest sum of weighted terms, as Dragonfly's scheduler scores parents
/// (scheduler/scheduling/evaluator/evaluator_default.go, since 2.4): 0.6 for what load leaves free,
/// 0.2 for the same data centre, 0.1 for the same location, 0.1 for the type of the host. Its terms
/// that nobody here measures, bandwidths of hosts, are left out: the load stands for the first; the
/// labels idc and location for the second and third; having the whole file, as seeds do, for the
/// last. Who has just failed is a bad parent, and scores nothing.
class Weighted final : public PeerSelector {
  public:
    Weighted(Parameters const&, Services const& services)
        : idc_(label(services.labels(), "idc")), location_(label(services.labels(), "location")) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            best = score(sources[i]) > score(sources[best]) ? i : best;
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override { return 1 - score(source); }

  private:
    static double same(std::string const& ours, std::string_view theirs) {
        return !ours.empty() && ours == theirs ? 1 : 0;
    }

    [[nodiscard]] double score(SourceView const& source) const {
        if (source.failures_in_a_row > 0) {
            return 0;
        }
        return 0.6 / (1.0 + source.load) + 0.2 * same(idc_, label(source.labels, "idc")) +
               0.1 * same(location_, label(source.labels, "location")) +
               (source.completeness >= 1 ? 0.1 : 0.0);
    }

    std::string idc_;
    std::string location_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Weighted, "weighted", "1.0",
                            "the highest sum of load, place and completeness, each with a weight")
