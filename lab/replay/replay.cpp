#include "replay/replay.hpp"

#include <xfsbus/policies/answers.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/host/words.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace xfsbus::lab::replay {
namespace {

using policies::Answer;

/// With fewer that are alike, chance says more than the policies.
constexpr double samples_least = 30;

bool chooses(Answer const& answer) {
    return answer.action == XFSBUS_ANSWER_CHOOSE;
}

bool alike(Answer const& a, Answer const& b) {
    if (a.action != b.action) {
        return false;
    }
    return a.action == XFSBUS_ANSWER_LIMIT ? a.bytes == b.bytes
                                           : a.source == b.source && a.gives_way == b.gives_way;
}

void count(Tally& tally, Answer const& recorded, Answer const& other) {
    ++tally.asked;
    if (alike(recorded, other)) {
        ++tally.same;
    } else if (chooses(recorded) && !chooses(other)) {
        ++tally.nobody;
    } else if (!chooses(recorded) && chooses(other)) {
        ++tally.somebody;
    } else {
        ++tally.other;
    }
}

/// A policy that lives through what was recorded: an object for each download.
class Life {
  public:
    Life(policies::SelectorFactory const& factory, std::uint64_t seed)
        : factory_(factory), seed_(seed), random_(seed) {}

    Answer decide(Decision const& decision) {
        for (auto const& source : decision.sources) {
            seen_.insert_or_assign(source.endpoint, source);
        }
        return policies::answer_of(selector(decision.request.transfer), decision.request,
                                   decision.sources, random_.rng(), scratch_);
    }

    /// As it was last seen.
    void hear(Ended const& ended) {
        auto const found = seen_.find(ended.peer);
        if (found != seen_.end()) {
            selector(ended.outcome.transfer).observe(found->second, ended.outcome);
        }
    }

  private:
    policies::PeerSelector& selector(std::uint64_t transfer) {
        auto& known = selectors_[transfer];
        if (!known) {
            policies::GuardOptions guard;
            guard.strict = true;
            known = factory_.make(seed_, guard);
        }
        return *known;
    }

    policies::SelectorFactory const& factory_;
    std::uint64_t seed_;
    policies::SeededRandom random_;
    std::map<std::uint64_t, std::unique_ptr<policies::PeerSelector>> selectors_;
    std::map<std::string, policies::SourceView> seen_;
    std::vector<policies::SourceView> scratch_;
};

/// What is expected of requests; see Estimate.
class Expectation {
  public:
    struct Asked {
        double weight = 0;  ///< 1 over the probability of the recorded choice
        bool alike = false;
        bool by_chance = false;
    };

    void note(Decision const& decision, Asked const& asked) {
        auto const& source = decision.sources[decision.answer.source];
        asked_.insert_or_assign(
            {decision.request.transfer, decision.request.chunk, source.endpoint}, asked);
    }

    void note(Ended const& ended) {
        auto const& outcome = ended.outcome;
        auto const found = asked_.find({outcome.transfer, outcome.chunk, ended.peer});
        if (found == asked_.end() || outcome.elapsed_us == 0) {
            return;
        }
        bool const came = outcome.reason == XFSBUS_OUTCOME_DELIVERED;
        double const rate = came ? 1e6 * static_cast<double>(outcome.bytes) /
                                       static_cast<double>(outcome.elapsed_us)
                                 : 0;
        auto const asked = found->second;
        asked_.erase(found);
        ++requests_;
        recorded_ += rate;
        by_chance_ += asked.by_chance ? 1 : 0;
        if (asked.alike) {
            weights_ += asked.weight;
            squares_ += asked.weight * asked.weight;
            weighed_ += asked.weight * rate;
        }
    }

    [[nodiscard]] Estimate estimate() const {
        Estimate estimate;
        auto const requests = static_cast<double>(requests_);
        estimate.recorded = requests > 0 ? recorded_ / requests : 0;
        estimate.effective_samples = squares_ > 0 ? weights_ * weights_ / squares_ : 0;
        if (static_cast<double>(by_chance_) < requests / 2 || requests_ == 0) {
            estimate.why_not =
                "the recorded policy leaves too little to chance: what it did not do is not known";
        } else if (estimate.effective_samples < samples_least) {
            estimate.why_not = "too few decisions are alike";
        } else {
            estimate.other = weighed_ / weights_;
        }
        return estimate;
    }

  private:
    using Key = std::tuple<std::uint64_t, std::uint32_t, std::string>;

    std::map<Key, Asked> asked_;
    std::uint64_t requests_ = 0;
    std::uint64_t by_chance_ = 0;  ///< of these
    double recorded_ = 0;
    double weights_ = 0;
    double squares_ = 0;
    double weighed_ = 0;
};

/// The recorded policy, so many times, each with a seed of its own.
class Crowd {
  public:
    Crowd(policies::SelectorFactory const& factory, std::uint64_t seed) {
        for (std::uint64_t draw = 0; draw < draws; ++draw) {
            lives_.push_back(std::make_unique<Life>(factory, seed + draw));
        }
    }

    /// How many decide as it was recorded. The recorded one does, so never nobody.
    std::uint64_t count_alike(Decision const& decision) {
        auto const count = std::ranges::count_if(lives_, [&](auto const& life) {
            return alike(life->decide(decision), decision.answer);
        });
        return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(count));
    }

    void hear(Ended const& ended) {
        std::ranges::for_each(lives_, [&](auto const& life) { life->hear(ended); });
    }

  private:
    std::vector<std::unique_ptr<Life>> lives_;
};

class Replay {
  public:
    Replay(Trace const& trace, policies::SelectorFactory const& recorded,
           policies::SelectorFactory const& other)
        : other_(other, trace.policy.seed), crowd_(recorded, trace.policy.seed) {}

    void operator()(Decision const& decision) {
        auto const answer = other_.decide(decision);
        auto const alike_of_all = crowd_.count_alike(decision);
        if (decision.by_default || decision.answer.action == XFSBUS_ANSWER_DEFAULT) {
            ++comparison_.not_its_own;
            return;
        }
        count(comparison_.tallies.at(decision.request.purpose), decision.answer, answer);
        if (decision.request.purpose == XFSBUS_PURPOSE_REQUEST && chooses(decision.answer)) {
            expectation_.note(decision,
                              {static_cast<double>(draws) / static_cast<double>(alike_of_all),
                               alike(answer, decision.answer), alike_of_all < draws});
        }
    }

    void operator()(Ended const& ended) {
        other_.hear(ended);
        crowd_.hear(ended);
        expectation_.note(ended);
    }

    [[nodiscard]] Comparison finish() {
        comparison_.estimate = expectation_.estimate();
        return comparison_;
    }

  private:
    Life other_;
    Crowd crowd_;
    Expectation expectation_;
    Comparison comparison_;
};

std::string row(std::string_view name, Tally const& tally) {
    auto const share = 100.0 * static_cast<double>(tally.same) / static_cast<double>(tally.asked);
    return fmt::format("{:<10} {:>9} {:>7.1f} % {:>9} {:>9} {:>9}\n", name, tally.asked, share,
                       tally.other, tally.nobody, tally.somebody);
}

}  // namespace

Tally Comparison::all() const {
    Tally sum;
    for (auto const& each : tallies) {
        sum.asked += each.asked;
        sum.same += each.same;
        sum.other += each.other;
        sum.nobody += each.nobody;
        sum.somebody += each.somebody;
    }
    return sum;
}

Result<Comparison> compare(Trace const& trace, policies::SelectorFactory const& recorded,
                           policies::SelectorFactory const& other) {
    try {
        Replay replay(trace, recorded, other);
        for (auto const& event : trace.events) {
            std::visit(replay, event);
        }
        return replay.finish();
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

std::string to_text(Comparison const& comparison) {
    std::string text = "QUESTION       ASKED      SAME     OTHER    NOBODY  SOMEBODY\n";
    for (std::uint32_t purpose = 0; purpose < comparison.tallies.size(); ++purpose) {
        auto const& tally = comparison.tallies.at(purpose);
        text += tally.asked > 0 ? row(policies::purpose_word(purpose), tally) : "";
    }
    auto const all = comparison.all();
    text += all.asked > 0 ? row("all", all) : "nothing was decided\n";
    auto const& estimate = comparison.estimate;
    constexpr double mb = 1024 * 1024;
    text += fmt::format("a request brought {:.2f} MB/s; with the other policy ",
                        estimate.recorded / mb);
    text += estimate.other ? fmt::format("an estimated {:.2f} MB/s ({:.0f} effective samples)\n",
                                         *estimate.other / mb, estimate.effective_samples)
                           : "it cannot be said: " + estimate.why_not + "\n";
    return text;
}

}  // namespace xfsbus::lab::replay
