#include <xfsbus/policies/export.hpp>

using namespace xfsbus::policies;

namespace {

/// Who gives us something is served before who does not, else whoever was sent least. Say here what
/// yours does, and why.
class Choice final : public UploadChoice {
  public:
    explicit Choice(Parameters const& given) : least_(given.number("least")) {}

    /// The one of the lowest rank is sent a chunk, of equals the one that was sent least.
    void rank(UploadRequest const&, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            ranks[i] = sinks[i].delivers_bytes_per_s >= least_ ? 0 : 1;
        }
    }

  private:
    double least_;
};

}  // namespace

XFSBUS_EXPORT_UPLOAD_CHOICE(Choice, "@NAME@", "0.1", "who gives something is served first",
                            XFSBUS_PARAMETER("least", "1",
                                             "bytes a second that count as something"))
