#include "labels.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/lowest.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::label;

/// Sources in the asker's rack, in random order, and `far` others, so that what a rack lacks comes
/// into it: complete ones, if there are any. This is biased neighbour selection as it was proposed
/// for trackers: all neighbours near but k (Bindal et al., "Improving Traffic Locality in
/// BitTorrent via Biased Neighbor Selection", ICDCS 2006). A rack is what the label `rack` says; of
/// those who do not both say it, the first three bytes of their IPv4 addresses.
class SameRack final : public Handout {
  public:
    explicit SameRack(Parameters const& given)
        : far_(static_cast<std::size_t>(given.integer("far", 0, 1000))) {}

    void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        Lowest<std::pair<bool, std::uint64_t>, std::size_t> far(far_);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            bool const near = is_near(request, sources[i]);
            ranks[i] = near ? 1 : 2;
            if (!near) {
                far.offer({!is_complete(sources[i]), sources[i].draw}, i);
            }
        }
        for (auto const& each : std::move(far).take(far_)) {
            ranks[each.item] = 0;
        }
    }

  private:
    static bool is_near(HandoutRequest const& request, HandoutSource const& source) {
        auto const ours = label(request.asker_labels, "rack");
        auto const its = label(source.labels, "rack");
        if (!ours.empty() && !its.empty()) {
            return ours == its;
        }
        auto const network = network_of(request.asker_host);
        return !network.empty() && network == network_of(source.host);
    }

    /// Of an IPv4 address all but the last byte; of others nothing.
    static std::string_view network_of(std::string_view host) {
        bool const is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos &&
                             host.find('.') != std::string_view::npos;
        return is_ipv4 ? host.substr(0, host.rfind('.')) : std::string_view();
    }

    std::size_t far_;
};

}  // namespace

XFSBUS_EXPORT_HANDOUT(SameRack, "samerack", "1.0", "sources of the asker's rack, and a few others",
                      XFSBUS_PARAMETER("far", "4", "sources beyond it that are named as well"))
