#include <xfsbus/policies/export.hpp>

extern "C" std::size_t nobody_defines_this();

namespace {

using namespace xfsbus::policies;

class MissingSymbol final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        return nobody_defines_this();
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(MissingSymbol, "missing-symbol", "0.1", "does not load")
