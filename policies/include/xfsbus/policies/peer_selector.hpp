#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/rng.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace xfsbus::policies {

/// What a policy may know about a source, about the request to place, and about its end.
/// Values, never live objects; the fields are described in abi.h.
using SourceView = ::xfsbus_source;
using RequestView = ::xfsbus_request;
using OutcomeView = ::xfsbus_outcome;

/// Decides which source gets the next request. One object serves one download (of one file or of
/// many) or one query; it is called on one thread and must not block. An exception that leaves a
/// method counts as a fault of the policy: the built-in default decides instead, and the user is
/// told.
class PeerSelector {
  public:
    virtual ~PeerSelector() = default;

    /// Called for each request, and where else one of many is chosen: request.purpose says why.
    /// Every source in the list could serve; the list is never empty and holds each source once.
    /// Returns an index into it, or nullopt for nobody at the moment (asked again at the next
    /// event). A purpose that this header does not have never comes.
    virtual std::optional<std::size_t> pick(RequestView const& request,
                                            std::span<SourceView const> sources, Rng& rng) = 0;

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
