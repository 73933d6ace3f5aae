#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// The source that is expected to have delivered the request first:
///
///     seconds = (outstanding_bytes + bytes of the request) / rate
///
/// A source whose rate is not known yet is taken to deliver assumed_rate. The default, 10 Gbit/s,
/// is more than most sources deliver, on purpose: what was never tried looks good until it was,
/// so that every source is tried, and none for longer than its window.
class QueueTime final : public PeerSelector {
  public:
    explicit QueueTime(Parameters const& parameters)
        : assumed_rate_(parameters.number("assumed_rate", 1.0, 1e15)) {}

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng&) override {
        auto const bytes = static_cast<double>(request.bytes);
        std::size_t best = 0;
        for (std::size_t i = 1; i < sources.size(); ++i) {
            if (seconds(sources[i], bytes) < seconds(sources[best], bytes)) {
                best = i;
            }
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override {
        return seconds(source, nominal_request);
    }

  private:
    /// There is no request where only costs are shown: a mebibyte stands for it.
    static constexpr double nominal_request = 1024.0 * 1024.0;

    /// Less than a byte a second counts as one: the answer stays finite.
    [[nodiscard]] double seconds(SourceView const& source, double bytes) const {
        double const known = source.rate_bytes_per_s;
        double const rate = known > 0.0 ? std::max(known, 1.0) : assumed_rate_;
        return (static_cast<double>(source.outstanding_bytes) + bytes) / rate;
    }

    double assumed_rate_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(QueueTime, "queuetime", "1.0",
                            "the source expected to deliver first, by its queue and measured rate",
                            XFSBUS_PARAMETER("assumed_rate", "1.25e9",
                                             "bytes/s of a source that was not measured yet"))
