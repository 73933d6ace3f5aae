// What could be fetched without a policy is fetched with any.
#include "figures.hpp"

#include <memory>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

/// Answers anything: what fits and what does not, waits and refusals, each as often as its seed
/// says.
class Anything final : public policies::PeerSelector {
  public:
    explicit Anything(std::uint64_t seed) : random_(seed) {
        refuses_ = below(101);
        waits_ = below(101);
        fits_ = below(101);
        decides_ = static_cast<std::uint32_t>(random_.next());
    }

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng&) override {
        if (chance(refuses_)) {
            return std::nullopt;
        }
        return below(sources.size());
    }

    [[nodiscard]] std::uint32_t decides() const override { return decides_; }

    policies::Answer decide(policies::RequestView const& request,
                            std::span<policies::SourceView const> sources,
                            policies::Rng&) override {
        if (request.purpose == XFSBUS_PURPOSE_WINDOW || request.purpose == XFSBUS_PURPOSE_TOTAL) {
            return policies::limit(below(4) == 0 ? 0 : random_.next() >> below(64));
        }
        if (chance(refuses_)) {
            return policies::nobody(std::chrono::microseconds(random_.next() >> (1 + below(63))));
        }
        if (!chance(fits_)) {
            auto odd =
                policies::answer(static_cast<std::uint32_t>(below(6)), below(2 * sources.size()));
            odd.gives_way = static_cast<std::uint32_t>(below(2 * sources.size()));
            odd.again_us = random_.next();
            odd.bytes = random_.next();
            return odd;
        }
        if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
            return policies::swap(any(sources, false), any(sources, true));
        }
        auto const one = below(sources.size());
        return chance(waits_) ? policies::wait_for(one) : policies::choose(one);
    }

  private:
    std::size_t below(std::size_t count) { return random_.rng().below(count); }

    bool chance(std::size_t percent) { return below(100) < percent; }

    std::size_t any(std::span<policies::SourceView const> sources, bool in_use) {
        auto const start = below(sources.size());
        for (std::size_t i = 0; i < sources.size(); ++i) {
            auto const at = (start + i) % sources.size();
            if (policies::has(sources[at], XFSBUS_SOURCE_IN_USE) == in_use) {
                return at;
            }
        }
        return start;
    }

    policies::SeededRandom random_;
    std::size_t refuses_ = 0;
    std::size_t waits_ = 0;
    std::size_t fits_ = 0;
    std::uint32_t decides_ = 0;
};

}  // namespace

TEST_CASE("a hundred random policies fetch what the default fetches, sooner or later") {
    for_seeds(1, is_slow_build ? 10 : 100, [](auto seed) {
        auto rules = rules_of(48, 1ms);
        rules.download.sources_most = 1 + seed % 4;
        rules.policy = [](Nature const&, std::uint64_t random) {
            return std::make_unique<Anything>(random);
        };
        Swarm swarm(rules, seed);
        swarm.add(seed_nature);
        swarm.add(4, leecher);
        swarm.add(2, {.up = link_rate / 8, .down = link_rate}, 1s);
        auto const leaves = swarm.add({.up = link_rate, .down = link_rate, .stays = false});
        swarm.at(2s, [&swarm, leaves] { swarm.crash(leaves); });
        REQUIRE(swarm.run(3600s));
        for (auto const peer : leechers(swarm)) {
            INFO("peer " << peer << ": "
                         << (swarm.peer(peer).failure ? swarm.peer(peer).failure->message : ""));
            CHECK((peer == leaves || swarm.peer(peer).completed.has_value()));
        }
    });
}
