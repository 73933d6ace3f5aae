#include <xfsbus/policies/export.hpp>

#include <algorithm>

namespace {

using namespace xfsbus::policies;

/// Who has waited for longest: first come, first served, as a web server does it. In turn whatever
/// the size of their chunks, so that sinks of large files get more; the yardstick for fairness.
class LongestFirst final : public UploadChoice {
  public:
    void rank(UploadRequest const&, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        std::transform(sinks.begin(), sinks.end(), ranks.begin(), [](UploadSinkView const& sink) {
            return -static_cast<double>(sink.waits_us);
        });
    }
};

}  // namespace

XFSBUS_EXPORT_UPLOAD_CHOICE(LongestFirst, "longestfirst", "1.0", "who has waited for longest")
