// The default upload choice, written once in the API because a peer does the same without a
// plug-in.
#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/fair.hpp>

XFSBUS_EXPORT_UPLOAD_CHOICE(xfsbus::policies::Fair, "fair", "1.0",
                            "who was given least; each chunk once before another twice")
