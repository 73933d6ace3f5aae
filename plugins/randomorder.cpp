#include <xfsbus/policies/export.hpp>

namespace {

using namespace xfsbus::policies;

/// Any chunk: the yardstick that a better order has to beat. Equal ranks are asked for in random
/// order, so that all are equal. A number drawn for each chunk would have to be remembered: drawn
/// again when the chunk's copies change, it would move the chunk for no reason.
class RandomOrder final : public ChunkOrder {
  public:
    double rank(ChunkView const&, Rng&) override { return 0.0; }
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(RandomOrder, "random", "1.0", "any chunk, all equally likely")
