#include "botan_integrity.hpp"

#include <xfsbus/policies/export.hpp>

namespace {

class Sha256 final : public xfsbus::plugins::BotanIntegrity {
  public:
    Sha256() : BotanIntegrity("SHA-256") {}
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(Sha256, "sha256", "1.0", "SHA-256 (FIPS 180-4), 32 bytes")
