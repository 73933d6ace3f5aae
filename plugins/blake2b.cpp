#include "botan_integrity.hpp"

#include <xfsbus/policies/export.hpp>

namespace {

class Blake2b final : public xfsbus::plugins::BotanIntegrity {
  public:
    Blake2b() : BotanIntegrity("BLAKE2b(256)") {}
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(Blake2b, "blake2b", "1.0", "BLAKE2b (RFC 7693) with digests of 32 bytes")
