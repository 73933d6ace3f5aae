#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

/// Ranks sinks from the last to the first, but does wrong what its parameter says with the third;
/// or with all.
class FaultyUploadChoice final : public UploadChoice {
  public:
    explicit FaultyUploadChoice(Parameters const& parameters) : fault_(parameters.text("fault")) {
        static std::atomic<int> created = 0;
        if (fault_ == "create" || (fault_ == "create_again" && ++created % 2 == 0)) {
            throw std::runtime_error("failing in create on purpose");
        }
    }

    void rank(UploadRequest const&, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        if (fault_ == "all") {
            throw std::runtime_error("failing always on purpose");
        }
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            if (i != 2 || fault_ != "forget") {
                ranks[i] = i == 2 ? third() : -static_cast<double>(i);
            }
        }
    }

  private:
    [[nodiscard]] double third() const {
        if (fault_ == "rank") {
            throw std::runtime_error("failing in rank on purpose");
        }
        if (fault_ == "rank_int") {
            throw 42;
        }
        return fault_ == "nan"        ? std::numeric_limits<double>::quiet_NaN()
               : fault_ == "infinite" ? std::numeric_limits<double>::infinity()
                                      : -2.0;
    }

    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_UPLOAD_CHOICE(FaultyUploadChoice, "faulty-upload-choice", "0.1",
                            "does wrong on purpose",
                            XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
