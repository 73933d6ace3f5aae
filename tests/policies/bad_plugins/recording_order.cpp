#include <xfsbus/policies/export.hpp>

#include <cstdlib>
#include <fstream>

namespace {

using namespace xfsbus::policies;

/// Ranks by chance, and writes its random numbers to the file that XFS_TEST_MARK names.
class RecordingOrder final : public ChunkOrder {
  public:
    double rank(ChunkView const& chunk, Rng& rng) override {
        auto const number = rng.below(1'000'000);
        char const* const mark = std::getenv("XFS_TEST_MARK");
        std::ofstream(mark != nullptr ? mark : "/dev/null", std::ios::app)
            << "rank " << chunk.chunk << ' ' << number << '\n';
        return static_cast<double>(number);
    }
};

}  // namespace

XFSBUS_EXPORT_CHUNK_ORDER(RecordingOrder, "recording", "0.1", "writes down what it is given")
