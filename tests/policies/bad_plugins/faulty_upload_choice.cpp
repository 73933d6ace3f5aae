#include "faulty_rank.hpp"

#include <xfsbus/policies/export.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

/// Ranks sinks from the last to the first, but does wrong what its parameter says with the third;
/// or with all.
class FaultyUploadChoice final : public UploadChoice {
  public:
    explicit FaultyUploadChoice(Parameters const& parameters) : fault_(parameters.text("fault")) {
        create_faultily(fault_);
    }

    void rank(UploadRequest const&, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        if (fault_ == "all") {
            throw std::runtime_error("failing always on purpose");
        }
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            if (i != 2 || fault_ != "forget") {
                ranks[i] = i == 2 ? faulty_rank(fault_) : -static_cast<double>(i);
            }
        }
    }

  private:
    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_UPLOAD_CHOICE(FaultyUploadChoice, "faulty-upload-choice", "0.1",
                            "does wrong on purpose",
                            XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
