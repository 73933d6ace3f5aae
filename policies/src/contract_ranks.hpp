#pragma once

#include "contract.hpp"

#include <cstdint>

namespace xfsbus::policies {

/// The rules of a kind that ranks, but for the one that all of them have.
struct RankSentences {
    char const* of_many;  ///< that many are ranked in time
    char const* same;     ///< that the same question has the same answer
};

/// Tries a plug-in of a kind that ranks with so many questions from `next`, and then with the one
/// from `many`. ask(policy, question): the ranks. Throws PluginRefused.
template <class Factory, class Next, class Many, class Ask>
ContractTrial try_ranking(LoadPlugin const& load, std::uint64_t questions,
                          RankSentences const& sentences, Next next, Many many, Ask ask) {
    FirstComplaint complaint;
    FirstComplaint of_many;
    Factory const here(load());
    Factory const there(load());
    auto const one = here.make(complaint.guard());
    auto const two = there.make(complaint.guard());
    std::uint64_t differences = 0;
    for (std::uint64_t i = 0; i < questions; ++i) {
        auto const question = next();
        differences += ask(*one, question) == ask(*two, question) ? 0 : 1;
    }
    ask(*here.make(of_many.guard()), many());
    auto const& counters = one->counters();
    return {.plugin = {},
            .rules = {{"every rank is a finite number, and nothing is thrown",
                       counters.faults > 0 ? complaint.text() : ""},
                      {sentences.of_many, of_many.text()},
                      {sentences.same, differed(differences, questions)}},
            .decisions = counters.picks,
            .spent = counters.spent};
}

}  // namespace xfsbus::policies
