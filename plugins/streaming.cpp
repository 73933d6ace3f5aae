#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// For whoever reads a file while it comes. First what the play head comes to within the window, in
/// the order of the file; then the rarest; last what it has passed. The window slides with the play
/// head: it is what is read in `seconds`, and `chunks` chunks at least, also where nobody says how
/// fast is read.
///
/// The window is that of BiToS (Vlavianos, Iliofotou, Faloutsos: "BiToS: Enhancing BitTorrent for
/// Supporting Streaming Applications", IEEE Global Internet 2006), which draws from it with a
/// probability p and from the rest, rarest first, else: this is p = 1, since a peer that is ahead
/// of its window fetches the rarest anyway.
class Streaming final : public ChunkOrder {
  public:
    explicit Streaming(Parameters const& parameters)
        : seconds_(parameters.number("seconds", 0, seconds_most)),
          chunks_(parameters.integer("chunks", 1, chunks_most)) {}

    double rank(ChunkView const& chunk, Rng&) override {
        auto const begin = static_cast<double>(chunk.offset_bytes);
        auto const bytes = static_cast<double>(chunk.bytes);
        auto const head = static_cast<double>(chunk.play_head_bytes);
        if (begin + bytes <= head) {
            return passed + static_cast<double>(chunk.copies);
        }
        auto const window = std::max(std::min(chunk.play_bytes_per_s * seconds_, file_most),
                                     bytes * static_cast<double>(chunks_));
        auto const ahead = std::max(begin - head, 0.0);
        // Below zero, where no number of copies is.
        return ahead < window ? ahead / window - 2 : static_cast<double>(chunk.copies);
    }

  private:
    static constexpr double seconds_most = 3600;
    static constexpr std::int64_t chunks_most = 1'000'000;
    static constexpr double file_most = 1e18;  ///< bytes
    static constexpr double passed = 1e10;     ///< more than any number of copies

    double seconds_;
    std::int64_t chunks_;
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(Streaming, "streaming", "1.0", "what is read next, then the rarest",
                          XFSBUS_PARAMETER("seconds", "10",
                                           "of reading that are fetched in the order of the file"),
                          XFSBUS_PARAMETER("chunks", "4",
                                           "that are fetched in the order of the file, at least"))
