#include "botan_integrity.hpp"

#include <xfsbus/policies/export.hpp>

namespace {

class Sha512Slash256 final : public xfsbus::plugins::BotanIntegrity {
  public:
    Sha512Slash256() : BotanIntegrity("SHA-512-256") {}
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(Sha512Slash256, "sha512-256", "1.0", "SHA-512/256 (FIPS 180-4), 32 bytes")
