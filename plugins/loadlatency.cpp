// The default rule, written once in the API because the host falls back to it.
#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/load_latency.hpp>

XFSBUS_EXPORT_PEER_SELECTOR(xfsbus::policies::LoadLatency, "loadlatency", "1.0",
                            "the lowest latency_ms + load_weight x load wins",
                            XFSBUS_PARAMETER("load_weight", "10",
                                             "what one unit of load costs, in ms"))
