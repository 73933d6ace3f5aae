#include "faulty_rank.hpp"

#include <xfsbus/policies/export.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

/// Ranks sources from the last to the first, but does wrong what its parameter says with the third,
/// or with all.
class FaultyHandout final : public Handout {
  public:
    explicit FaultyHandout(Parameters const& parameters) : fault_(parameters.text("fault")) {
        create_faultily(fault_);
    }

    void rank(HandoutRequest const&, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (fault_ == "all") {
                throw std::runtime_error("failing in rank on purpose");
            }
            if (i != 2 || fault_ != "forget") {
                ranks[i] = i == 2 ? faulty_rank(fault_) : -static_cast<double>(i);
            }
        }
    }

  private:
    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(FaultyHandout, "faulty-handout", "0.1", "does wrong on purpose",
                      XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
