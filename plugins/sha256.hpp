#pragma once

#include "botan_integrity.hpp"

namespace xfsbus::plugins {

/// SHA-256 (FIPS 180-4): as a plug-in, and built into a peer.
class Sha256 final : public BotanIntegrity {
  public:
    Sha256() : BotanIntegrity("SHA-256") {}
};

}  // namespace xfsbus::plugins
