#pragma once

#include "replay/trace.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/wire/result.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace xfsbus::lab::replay {

/// How often a policy answers otherwise than the recorded one did, at one kind of question.
struct Tally {
    std::uint64_t asked = 0;
    std::uint64_t same = 0;
    std::uint64_t other = 0;     ///< another source, another limit
    std::uint64_t nobody = 0;    ///< waits, or wants nobody, where the recorded one chose
    std::uint64_t somebody = 0;  ///< the reverse
};

/// What requests are expected to bring, in bytes a second from asking to the end: as it was, and
/// as it would have been had another policy asked.
///
/// Self-normalised inverse propensity scoring (Swaminathan and Joachims, NIPS 2015): the outcomes
/// of those decisions that both policies make alike, each weighed by 1 over the probability with
/// which the recorded policy chose so. That is found by making it decide anew, with `draws` seeds.
struct Estimate {
    double recorded = 0;
    std::optional<double> other;   ///< nothing: see `why_not`
    double effective_samples = 0;  ///< so many alike would be as telling
    std::string why_not;
};

struct Comparison {
    std::array<Tally, XFSBUS_PURPOSES> tallies{};  ///< by XFSBUS_PURPOSE_...
    std::uint64_t not_its_own = 0;  ///< left out: the built-in rule or the host had answered
    Estimate estimate;

    [[nodiscard]] Tally all() const;
};

/// How often the recorded policy decides anew for each decision.
inline constexpr std::uint64_t draws = 32;

/// Puts the recorded questions to `other`, and tells it the recorded outcomes, as if it had
/// decided. `recorded`: the policy of the trace. Errc::plugin if one of them fails.
[[nodiscard]] Result<Comparison> compare(Trace const& trace,
                                         policies::SelectorFactory const& recorded,
                                         policies::SelectorFactory const& other);

/// For people.
[[nodiscard]] std::string to_text(Comparison const& comparison);

}  // namespace xfsbus::lab::replay
