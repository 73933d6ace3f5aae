#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// The source that is expected to have delivered the chunk first, be it busy: then the chunk waits
/// for it rather than to go to a slower one that is idle. The rule is that of Lim, Nahum, Towsley
/// and Gibbens, "ECF: An MPTCP Path Scheduler to Manage Heterogeneous Paths" (CoNEXT 2017):
///
///     seconds = latency + (outstanding + held + bytes of the chunk) / rate
///
/// One that was not measured yet is taken for as fast as the fastest of all would be with as many
/// sinks. Who is known or expected to be faster comes in for the slowest.
class Earliest final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng&) override {
        return earliest(request, sources, 0);
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_REQUEST, XFSBUS_PURPOSE_REPLACE});
    }

    Answer decide(RequestView const& request, std::span<SourceView const> sources, Rng&) override {
        if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
            ReplaceRule const rule{
                .better = 1.1, .similar = 0.95, .trial_s = 1, .count_load = false, .crowds = true};
            return Replacing(request, sources, rule).answer();
        }
        auto const best = earliest(request, sources, XFSBUS_SOURCE_ANSWERABLE);
        if (!best) {
            return {};
        }
        return has(sources[*best], XFSBUS_SOURCE_HAS_ROOM) ? choose(*best) : wait_for(*best);
    }

    std::optional<double> cost(SourceView const& source) override {
        return seconds(source, nominal_request, assumed_capacity);
    }

  private:
    /// There is no request where only costs are shown: a mebibyte stands for it.
    static constexpr double nominal_request = 1024.0 * 1024.0;
    /// 10 Gbit/s: who was never tried looks good until it was.
    static constexpr double assumed_capacity = 1.25e9;

    /// Of those with these flags.
    static std::optional<std::size_t> earliest(RequestView const& request,
                                               std::span<SourceView const> sources,
                                               std::uint32_t flags) {
        double capacity = 0;
        for (auto const& source : sources) {
            capacity = std::max(capacity, known_rate(source) * std::max(source.load, 1U));
        }
        capacity = capacity > 0 ? capacity : assumed_capacity;
        auto const bytes = static_cast<double>(request.bytes);
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            bool const may = (sources[i].flags & flags) == flags;
            if (may && (!best || seconds(sources[i], bytes, capacity) <
                                     seconds(sources[*best], bytes, capacity))) {
                best = i;
            }
        }
        return best;
    }

    /// Less than a byte a second counts as one: the answer stays finite.
    static double seconds(SourceView const& source, double bytes, double capacity) {
        double const known = known_rate(source);
        double const rate = known > 0 ? known : capacity / (1.0 + source.load);
        double const queued =
            static_cast<double>(source.outstanding_bytes) + static_cast<double>(source.held_bytes);
        return source.latency_ms / 1000 + (queued + bytes) / std::max(rate, 1.0);
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Earliest, "earliest", "1.0",
                            "the earliest expected finish, waiting for busy sources")
