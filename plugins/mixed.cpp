// The default handout, written once in the API because a tracker does the same without a plug-in.
#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/mixed.hpp>

XFSBUS_EXPORT_HANDOUT(xfsbus::policies::Mixed, "mixed", "1.0",
                      "half of the sources that are named are complete, half are not")
