#include <xfsbus/policies/export.hpp>

using namespace xfsbus::policies;

namespace {

/// The rarest chunk first, and near the beginning of the file before far from it. Say here what
/// yours does, and why.
class Order final : public ChunkOrder {
  public:
    explicit Order(Parameters const& given) : slope_(given.number("slope")) {}

    /// The chunk with the lowest rank is asked for first.
    double rank(ChunkView const& chunk, Rng&) override {
        auto const place = chunk.chunks > 0 ? 1.0 * chunk.chunk / chunk.chunks : 0;
        return chunk.copies + slope_ * place;
    }

  private:
    double slope_;
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(Order, "@NAME@", "0.1", "the rarest chunk first",
                          XFSBUS_PARAMETER("slope", "1",
                                           "how many copies the whole length of a file weighs"))
