#pragma once

#include <string>

namespace xfsbus::wire {

/// Names one connection, to whoever answers over it, as long as it lives. Opaque: whoever holds the
/// socket chooses it.
using Route = std::string;

/// Who sent a message.
struct Sender {
    Route route;
    std::string host;      ///< the address of its end of the connection; empty: it cannot be told
    std::string key = {};  ///< its public key; empty: the connection is not encrypted
};

}  // namespace xfsbus::wire
