#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/rng.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

namespace xfsbus::policies {

/// What a policy may know about a source, about the request to place, and about its end; and what
/// it answers. Values, never live objects; the fields are described in abi.h.
using SourceView = ::xfsbus_source;
using RequestView = ::xfsbus_request;
using OutcomeView = ::xfsbus_outcome;
using Answer = ::xfsbus_answer;

/// Whether a source has one of the flags XFSBUS_SOURCE_....
constexpr bool has(SourceView const& source, std::uint32_t flag) {
    return (source.flags & flag) != 0;
}

/// The bits of these purposes, XFSBUS_PURPOSE_..., as PeerSelector::decides returns them.
constexpr std::uint32_t questions(std::initializer_list<std::uint32_t> purposes) {
    std::uint32_t bits = 0;
    for (auto const purpose : purposes) {
        bits |= 1U << purpose;
    }
    return bits;
}

/// An answer about a source.
inline Answer answer(std::uint32_t action, std::size_t source,
                     std::chrono::microseconds again = {}) {
    Answer answer{};
    answer.action = action;
    answer.source = static_cast<std::uint32_t>(source);
    answer.again_us = static_cast<std::uint64_t>(again.count());
    return answer;
}

/// This source.
inline Answer choose(std::size_t source) {
    return answer(XFSBUS_ANSWER_CHOOSE, source);
}

/// `in`, which is a candidate, for `out`, which is in use.
inline Answer swap(std::size_t in, std::size_t out) {
    auto both = choose(in);
    both.gives_way = static_cast<std::uint32_t>(out);
    return both;
}

/// The chunk waits until this source has room, or for so long.
inline Answer wait_for(std::size_t source, std::chrono::microseconds most = {}) {
    return answer(XFSBUS_ANSWER_WAIT_FOR, source, most);
}

/// Nobody for so long, unless there are news.
inline Answer nobody(std::chrono::microseconds again = {}) {
    return answer(XFSBUS_ANSWER_NONE, 0, again);
}

/// So much and no more.
inline Answer limit(std::uint64_t bytes) {
    auto most = answer(XFSBUS_ANSWER_LIMIT, 0);
    most.bytes = bytes;
    return most;
}

/// Decides which sources are used, and which gets the next request. One object serves one download
/// (of one file or of many) or one query; it is called on one thread and must not block. An
/// exception that leaves a method counts as a fault of the policy: the built-in default decides
/// instead, and the user is told.
class PeerSelector {
  public:
    virtual ~PeerSelector() = default;

    /// Called for each request, and where else one of many is chosen: request.purpose says why.
    /// Every source in the list could serve now; the list is never empty and holds each source
    /// once. Returns an index into it, or nullopt for nobody at the moment (asked again when there
    /// are news of the sources, or after 500 ms). A purpose that this header does not have never
    /// comes.
    virtual std::optional<std::size_t> pick(RequestView const& request,
                                            std::span<SourceView const> sources, Rng& rng) = 0;

    /// The questions that decide() answers; others are put to pick(), or the host's rule answers
    /// them. The same all along.
    [[nodiscard]] virtual std::uint32_t decides() const { return 0; }

    /// Answers them, and sees more: who is busy or waits for a place as well (abi.h says who is
    /// listed for which purpose). Only who has the flag ANSWERABLE may be answered. {} is what
    /// would be done without this method.
    virtual Answer decide(RequestView const& request, std::span<SourceView const> sources,
                          Rng& rng) {
        static_cast<void>(request);
        static_cast<void>(sources);
        static_cast<void>(rng);
        return {};
    }

    /// What choosing this source costs, lower is better; shown by `find`. nullopt: this policy
    /// does not think in costs.
    virtual std::optional<double> cost(SourceView const& source) {
        static_cast<void>(source);
        return std::nullopt;
    }

    /// Told how each request ended, and why, for policies that learn.
    virtual void observe(SourceView const& source, OutcomeView const& outcome) {
        static_cast<void>(source);
        static_cast<void>(outcome);
    }
};

}  // namespace xfsbus::policies
