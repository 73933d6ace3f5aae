#include "faulty_rank.hpp"

#include <xfsbus/policies/export.hpp>

#include <string>

namespace {

using namespace xfsbus::policies;

/// Ranks chunks from the last to the first, but does wrong what its parameter says with the third;
/// or ranks by chance, which is no fault.
class FaultyChunkOrder final : public ChunkOrder {
  public:
    explicit FaultyChunkOrder(Parameters const& parameters) : fault_(parameters.text("fault")) {
        create_faultily(fault_);
    }

    double rank(ChunkView const& chunk, Rng& rng) override {
        if (fault_ == "chance") {
            return static_cast<double>(rng.below(1'000'000));
        }
        return chunk.chunk == 2 ? faulty_rank(fault_) : -static_cast<double>(chunk.chunk);
    }

  private:
    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(FaultyChunkOrder, "faulty-order", "0.1", "does wrong on purpose",
                          XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
