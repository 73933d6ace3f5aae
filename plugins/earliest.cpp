#include "capacities.hpp"
#include "rack_limit.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::Capacities;
using xfsbus::plugins::RackLimit;

/// The source that is expected to have delivered the chunk first, be it busy: then the chunk waits
/// for it rather than to go to a slower one that is idle. The rule is that of Lim, Nahum, Towsley
/// and Gibbens, "ECF: An MPTCP Path Scheduler to Manage Heterogeneous Paths" (CoNEXT 2017):
///
///     seconds = latency + (outstanding + held + bytes of the chunk) / rate
///
/// One that was not measured yet is taken for as fast as the fastest of all would be with as many
/// sinks. The slowest gives way to one that is expected to be faster; see move().
///
/// Where we know our rack, and `far` limits it, no more of others are in use at once
/// (rack_limit.hpp).
class Earliest final : public PeerSelector {
  public:
    Earliest(Parameters const& given, Services const& services) : limit_(given, services) {}

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng&) override {
        return earliest(request, sources, any);
    }

    [[nodiscard]] std::uint32_t decides() const override {
        auto const always = questions({XFSBUS_PURPOSE_REQUEST, XFSBUS_PURPOSE_REPLACE});
        auto const in_rack = questions({XFSBUS_PURPOSE_ADMIT, XFSBUS_PURPOSE_WINDOW});
        return limit_.applies() ? always | in_rack : always;
    }

    Answer decide(RequestView const& request, std::span<SourceView const> sources,
                  Rng& rng) override {
        switch (request.purpose) {
            case XFSBUS_PURPOSE_ADMIT:
                return admit(request, sources);
            case XFSBUS_PURPOSE_REPLACE:
                return replace(request, sources, rng);
            case XFSBUS_PURPOSE_WINDOW:
                return limit_.window(request, sources.front());
            default:
                return ask(request, sources);
        }
    }

    std::optional<double> cost(SourceView const& source) override {
        return seconds(source, nominal_request, assumed_capacity);
    }

  private:
    using Sources = std::span<SourceView const>;

    static bool any(SourceView const&) { return true; }

    static Answer ask(RequestView const& request, Sources sources) {
        auto const best = earliest(request, sources, [](auto const& source) {
            return has(source, XFSBUS_SOURCE_ANSWERABLE);
        });
        if (!best) {
            return {};
        }
        return has(sources[*best], XFSBUS_SOURCE_HAS_ROOM) ? choose(*best) : wait_for(*best);
    }

    /// One of our rack; if there is none, one beyond it, rather with the whole file, since that
    /// sends each of us something else.
    Answer admit(RequestView const& request, Sources sources) {
        limit_.see(sources);
        auto found = near_candidate(request, sources);
        if (!found && limit_.admits_far(sources)) {
            found = earliest(request, sources, [](auto const& source) {
                return RackLimit::is_candidate(source) && source.completeness >= 1;
            });
            found = found ? found : earliest(request, sources, RackLimit::is_candidate);
        }
        return found ? choose(*found) : nobody();
    }

    /// A neighbour for one beyond the rack, while those are too many; else a faster one for the
    /// slowest.
    Answer replace(RequestView const& request, Sources sources, Rng& rng) {
        capacities_.learn(sources);
        limit_.see(sources);
        auto const near = limit_.applies() ? near_candidate(request, sources) : std::nullopt;
        if (near && limit_.has_too_many(sources)) {
            auto const far = std::ranges::find_if(
                sources, [this](auto const& source) { return limit_.may_give_way(source); });
            if (far != sources.end()) {
                return swap(*near, static_cast<std::size_t>(far - sources.begin()));
            }
        }
        return move(request, sources, rng);
    }

    /// From the slowest source to one that is expected to be faster with one more sink. The other
    /// sinks of the slowest know what we know: if all of them went to the best one at once, that
    /// would be the slowest then. So one of all is drawn, and we go with a probability of the part
    /// of the time that it saves, as in Berenbrink et al., "Distributed Selfish Load Balancing"
    /// (SODA 2006). Its only sink need not draw.
    Answer move(RequestView const& request, Sources sources, Rng& rng) {
        auto const out = slowest(sources);
        if (!out) {
            return nobody();
        }
        auto const candidates = candidates_for(sources[*out], sources);
        bool const alone = sources[*out].load <= 1;
        auto const in =
            alone ? fastest(sources, candidates) : drawn(candidates, request.places_used, rng);
        if (!in || !is_worth_it(request, sources, *in, *out)) {
            return nobody();
        }
        double const saved = 1 - known_rate(sources[*out]) / capacities_.expected(sources[*in]);
        return alone || rng.below(1000) < static_cast<std::size_t>(1000 * saved) ? swap(*in, *out)
                                                                                 : nobody();
    }

    static std::optional<std::size_t> slowest(Sources sources) {
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            bool const may = has(sources[i], XFSBUS_SOURCE_IN_USE) &&
                             has(sources[i], XFSBUS_SOURCE_ANSWERABLE) &&
                             known_rate(sources[i]) > 0;
            if (may && (!found || known_rate(sources[i]) < known_rate(sources[*found]))) {
                found = i;
            }
        }
        return found;
    }

    [[nodiscard]] std::vector<std::size_t> candidates_for(SourceView const& out,
                                                          Sources sources) const {
        bool const any = !limit_.applies() || limit_.admits_far(sources) || !limit_.is_near(out);
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            bool const has_all =
                !has(out, XFSBUS_SOURCE_SOLE_HOLDER) || sources[i].completeness >= 1;
            if (RackLimit::is_candidate(sources[i]) && has_all && sources[i].failures == 0 &&
                (any || limit_.is_near(sources[i]))) {
                found.push_back(i);
            }
        }
        return found;
    }

    [[nodiscard]] std::optional<std::size_t> fastest(
        Sources sources, std::vector<std::size_t> const& candidates) const {
        auto const found = std::ranges::max_element(
            candidates, {}, [&](auto i) { return capacities_.expected(sources[i]); });
        return found == candidates.end() ? std::nullopt : std::optional(*found);
    }

    static std::optional<std::size_t> drawn(std::vector<std::size_t> const& candidates,
                                            std::size_t in_use, Rng& rng) {
        auto const place = rng.below(candidates.size() + std::max<std::size_t>(in_use, 1));
        return place < candidates.size() ? std::optional(candidates[place]) : std::nullopt;
    }

    /// There has to be time enough left to gain what a change costs.
    [[nodiscard]] bool is_worth_it(RequestView const& request, Sources sources, std::size_t in,
                                   std::size_t out) const {
        double total = 0;
        for (auto const& source : sources) {
            total += source.rate_bytes_per_s;
        }
        double const left_s = static_cast<double>(request.left_bytes) / std::max(total, 1.0);
        double const now = known_rate(sources[out]);
        double const then = capacities_.expected(sources[in]);
        return then >= better * now && (then - now) * left_s > now * change_s;
    }

    [[nodiscard]] std::optional<std::size_t> near_candidate(RequestView const& request,
                                                            Sources sources) const {
        return earliest(request, sources,
                        [this](auto const& source) { return limit_.is_near_candidate(source); });
    }

    static constexpr double better = 1.1;    ///< times as fast: less is noise
    static constexpr double change_s = 1.0;  ///< what a change costs of the slowest one's time
    /// There is no request where only costs are shown: a mebibyte stands for it.
    static constexpr double nominal_request = 1024.0 * 1024.0;
    /// 10 Gbit/s: who was never tried looks good until it was.
    static constexpr double assumed_capacity = 1.25e9;

    /// Of those that may be.
    template <class May>
    static std::optional<std::size_t> earliest(RequestView const& request, Sources sources,
                                               May may) {
        double capacity = 0;
        for (auto const& source : sources) {
            capacity = std::max(capacity, known_rate(source) * std::max(source.load, 1U));
        }
        capacity = capacity > 0 ? capacity : assumed_capacity;
        auto const bytes = static_cast<double>(request.bytes);
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (may(sources[i]) && (!best || seconds(sources[i], bytes, capacity) <
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

    RackLimit limit_;
    Capacities capacities_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(
    Earliest, "earliest", "1.0", "the earliest expected finish, waiting for busy sources",
    XFSBUS_PARAMETER("rack", "", "our rack; if empty what our label 'rack' says"),
    XFSBUS_PARAMETER("far", "1000", "sources beyond it that are used at once"))
