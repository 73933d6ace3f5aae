#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/lowest.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// Chooses `most` of many sources: half of them complete and half not, or all of the kind of which
/// there are too few. Of each kind those of the lowest draws: so when one of them goes, the others
/// stay and one takes its place, and a find that is checked again asks few new ones.
template <class Source>
class MixedChoice {
  public:
    explicit MixedChoice(std::size_t most) : most_(most), complete_(most), partial_(most) {}

    void offer(bool complete, std::uint64_t draw, Source const& source) {
        (complete ? complete_ : partial_).offer(draw, source);
    }

    [[nodiscard]] std::size_t offered() const { return complete_.offered() + partial_.offered(); }

    /// The kinds among each other: who takes only the first ones has both.
    [[nodiscard]] std::vector<Source> take() && {
        auto const complete_most =
            std::max(most_ - most_ / 2, most_ - std::min(most_, partial_.offered()));
        auto chosen = std::move(complete_).take(complete_most);
        auto const others = std::move(partial_).take(most_ - chosen.size());
        chosen.insert(chosen.end(), others.begin(), others.end());
        std::sort(chosen.begin(), chosen.end(), Lowest<std::uint64_t, Source>::by_key);
        std::vector<Source> sources;
        sources.reserve(chosen.size());
        std::transform(chosen.begin(), chosen.end(), std::back_inserter(sources),
                       [](auto const& each) { return each.item; });
        return sources;
    }

  private:
    std::size_t most_;
    Lowest<std::uint64_t, Source> complete_;
    Lowest<std::uint64_t, Source> partial_;
};

/// The default handout: half of the sources that are named are complete and half are not. Complete
/// ones have every chunk; the others are more, and know of chunks that have just come: so a swarm
/// is woven together, and its seeds are not asked by all. In the API because it is both a plug-in
/// and what a tracker does without one, or when one fails.
class Mixed final : public Handout {
  public:
    void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        MixedChoice<std::size_t> choice(request.wanted);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            choice.offer(is_complete(sources[i]), sources[i].draw, i);
        }
        std::fill(ranks.begin(), ranks.end(), static_cast<double>(request.wanted));
        double rank = 0;
        for (std::size_t const index : std::move(choice).take()) {
            ranks[index] = rank++;
        }
    }
};

}  // namespace xfsbus::policies
