#pragma once

#include <string>

namespace xfsbus::peer {

/// What a subscription is about: files of all peers, or the peers themselves, or both.
struct SubscribeRequest {
    std::string files = {};  ///< a pattern; empty: no files
    bool peers = false;
};

}  // namespace xfsbus::peer
