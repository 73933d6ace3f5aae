#include <xfsbus/policies/export.hpp>

namespace {

using namespace xfsbus::policies;

/// From the beginning of the file to its end, for whoever reads it while it is on its way.
class Sequential final : public ChunkOrder {
  public:
    double rank(ChunkView const& chunk, Rng&) override { return chunk.chunk; }
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(Sequential, "sequential", "1.0",
                          "from the beginning of the file to its end")
