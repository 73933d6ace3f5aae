#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

using namespace xfsbus::policies;

/// Picks the first source, and writes what it was given to the file that XFS_TEST_MARK names: a
/// random number, and the ids of the sources. Logs which of its kind it is, and whose.
class RecordingSelector final : public PeerSelector {
  public:
    RecordingSelector(Parameters const&, Services const& services) {
        auto const number = ++services.shared<std::atomic<int>>();
        services.log("object " + std::to_string(number) + " of " + std::string(services.labels()));
    }

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng& rng) override {
        char const* const mark = std::getenv("XFS_TEST_MARK");
        std::ofstream record(mark != nullptr ? mark : "/dev/null", std::ios::app);
        record << "pick " << rng();
        for (auto const& source : sources) {
            record << ' ' << source.endpoint << '=' << source.source_id;
        }
        record << '\n';
        return 0;
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(RecordingSelector, "recording", "0.1", "writes down what it is given")
