#include "contract.hpp"
#include "random_questions.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>

#include <cmath>
#include <optional>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t selection_seed = 99;
constexpr int selection_questions = 20'000;

/// What a selector answers to one question, in whichever way it is asked that.
struct Reply {
    Answer answer{};
    std::optional<std::size_t> picked;

    bool operator==(Reply const& other) const {
        return picked == other.picked && answer.action == other.answer.action &&
               answer.source == other.answer.source && answer.gives_way == other.answer.gives_way &&
               answer.bytes == other.answer.bytes;
    }
};

Reply reply_of(GuardedSelector& selector, RequestView const& request,
               std::vector<SourceView> const& sources, Rng& rng) {
    if ((selector.decides() & questions({request.purpose})) != 0) {
        return {.answer = selector.decide(request, sources, rng), .picked = {}};
    }
    if (request.purpose <= XFSBUS_PURPOSE_RANK) {
        return {.answer = {}, .picked = selector.pick(request, sources, rng)};
    }
    return {};
}

}  // namespace

ContractTrial try_selection(LoadPlugin const& load) {
    FirstComplaint complaint;
    SelectorFactory const here(load());
    SelectorFactory const there(load());
    auto const one = here.make(selection_seed, complaint.guard());
    auto const two = there.make(selection_seed, complaint.guard());
    SeededRandom first(selection_seed);
    SeededRandom second(selection_seed);
    RandomQuestions questions(2024);
    std::uint64_t differences = 0;
    std::uint64_t no_numbers = 0;
    for (int i = 0; i < selection_questions; ++i) {
        auto const sources = questions.sources();
        auto const request = questions.request();
        differences += reply_of(*one, request, sources, first.rng()) ==
                               reply_of(*two, request, sources, second.rng())
                           ? 0
                           : 1;
        auto const& told = sources[questions.below(sources.size())];
        auto const cost = one->cost(told);
        no_numbers += cost && !std::isfinite(*cost) ? 1 : 0;
        auto const outcome = questions.outcome();
        one->observe(told, outcome);
        two->observe(told, outcome);
    }
    auto const& counters = one->counters();
    return {
        .plugin = {},
        .rules = {{"every answer is one that the question may have, and nothing is thrown",
                   counters.faults > 0 ? complaint.text() : ""},
                  {"no call takes longer than 10 ms", counters.slow > 0 ? complaint.text() : ""},
                  {"costs are finite numbers",
                   no_numbers > 0 ? std::to_string(no_numbers) + " are not" : ""},
                  {"the same questions and the same seed have the same answers",
                   differed(differences, selection_questions)}},
        .decisions = counters.picks,
        .spent = counters.spent};
}

}  // namespace xfsbus::policies
