// The default order, written once in the API because the host falls back to it.
#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/rarest.hpp>

XFSBUS_EXPORT_CHUNK_ORDER(
    xfsbus::policies::Rarest, "rarest", "1.0", "the chunk that the fewest sources have comes first",
    XFSBUS_PARAMETER("head", "0", "so many chunks at the beginning of the file come first"))
