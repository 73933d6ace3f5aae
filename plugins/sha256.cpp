#include "sha256.hpp"

#include <xfsbus/policies/export.hpp>

using xfsbus::plugins::Sha256;

XFSBUS_EXPORT_INTEGRITY(Sha256, "sha256", "1.0", "SHA-256 (FIPS 180-4), 32 bytes")
