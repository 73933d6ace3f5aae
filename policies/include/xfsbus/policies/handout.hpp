#pragma once

#include <xfsbus/policies/abi.h>

#include <span>

namespace xfsbus::policies {

/// What a find is about, and who asks. A value; the fields are described in abi.h.
using HandoutRequest = ::xfsbus_handout_request;

/// What a tracker knows of a source. A value; the fields are described in abi.h.
using HandoutSource = ::xfsbus_handout_source;

/// Whether the source has the whole file.
inline bool is_complete(HandoutSource const& source) {
    return (source.flags & XFSBUS_HANDOUT_SOURCE_COMPLETE) != 0;
}

/// Decides which sources a tracker names where a file has more than an answer names. One object
/// serves a tracker; it is called on the thread that answers everybody, and must not block. An
/// exception that leaves rank counts as a fault of the policy: the built-in default decides
/// instead, and it is logged.
class Handout {
  public:
    virtual ~Handout() = default;

    /// Writes the rank of each source, a finite number; ranks.size() == sources.size(). The
    /// `wanted` sources of the lowest ranks are named, the lowest first, equal ones in the order of
    /// their draws, which is random. Only chance that comes from the draws lets a find that is
    /// checked again name the same sources.
    virtual void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
                      std::span<double> ranks) = 0;
};

}  // namespace xfsbus::policies
