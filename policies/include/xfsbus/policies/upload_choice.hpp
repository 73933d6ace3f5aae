#pragma once

#include <xfsbus/policies/abi.h>

#include <span>

namespace xfsbus::policies {

/// The moment of a decision. A value; the fields are described in abi.h.
using UploadRequest = ::xfsbus_upload_request;

/// A sink that waits. A value; the fields are described in abi.h.
using UploadSinkView = ::xfsbus_upload_sink;

/// Decides which of the sinks that wait is sent a chunk next. One object serves a peer; it is
/// called on one thread, for every chunk that is sent, and must not block. An exception that leaves
/// rank counts as a fault of the policy: the built-in default decides instead, and it is logged.
class UploadChoice {
  public:
    virtual ~UploadChoice() = default;

    /// Writes the rank of each sink, a finite number; ranks.size() == sinks.size(). The lowest is
    /// served, of equals the one of the least share_bytes.
    virtual void rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
                      std::span<double> ranks) = 0;
};

}  // namespace xfsbus::policies
