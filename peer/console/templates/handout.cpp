#include <xfsbus/policies/export.hpp>

using namespace xfsbus::policies;

namespace {

/// The least busy sources are named first, and complete ones before others. Say here what yours
/// does, and why.
class Choice final : public Handout {
  public:
    explicit Choice(Parameters const& given) : bonus_(given.number("bonus")) {}

    /// Those of the lowest ranks are named, equal ones in random order.
    void rank(HandoutRequest const&, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            ranks[i] = sources[i].load - (is_complete(sources[i]) ? bonus_ : 0);
        }
    }

  private:
    double bonus_;
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(Choice, "@NAME@", "0.1", "the least busy sources first",
                      XFSBUS_PARAMETER("bonus", "2",
                                       "how many transfers a complete source may have more"))
