#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

/// Ranks chunks from the last to the first, but does wrong what its parameter says with the third;
/// or ranks by chance, which is no fault.
class FaultyChunkOrder final : public ChunkOrder {
  public:
    explicit FaultyChunkOrder(Parameters const& parameters) : fault_(parameters.text("fault")) {
        static std::atomic<int> created = 0;
        if (fault_ == "create" || (fault_ == "create_again" && ++created % 2 == 0)) {
            throw std::runtime_error("failing in create on purpose");
        }
    }

    double rank(ChunkView const& chunk, Rng& rng) override {
        if (fault_ == "chance") {
            return static_cast<double>(rng.below(1'000'000));
        }
        return chunk.chunk == 2 ? third() : -static_cast<double>(chunk.chunk);
    }

  private:
    [[nodiscard]] double third() const {
        if (fault_ == "rank") {
            throw std::runtime_error("failing in rank on purpose");
        }
        if (fault_ == "rank_int") {
            throw 42;
        }
        if (fault_ == "nan") {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (fault_ == "infinite") {
            return std::numeric_limits<double>::infinity();
        }
        return fault_ == "minus_infinite" ? -std::numeric_limits<double>::infinity() : -2.0;
    }

    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(FaultyChunkOrder, "faulty-order", "0.1", "does wrong on purpose",
                          XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
