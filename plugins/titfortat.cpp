#include <xfsbus/policies/export.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace {

using namespace xfsbus::policies;

constexpr std::uint64_t second_us = 1'000'000;

/// Like for like: the `slots` - 1 sinks that deliver most to us, and one more that is drawn, are
/// served before all others: unchoked, in the words of Cohen, "Incentives Build Robustness in
/// BitTorrent" (2003), whose rule this is. Who they are is looked at every 10 s, and another is
/// drawn every 30 s, so that who has nothing to give yet can begin. Unlike there, the others get
/// what the link has left; and while nobody delivers to us, as to a seed, all are equal.
class TitForTat final : public UploadChoice {
  public:
    explicit TitForTat(Parameters const& given)
        : slots_(static_cast<std::size_t>(given.integer("slots", 2, 1000))) {}

    void rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        for (auto const& sink : sinks) {
            known_[sink.sink_id] = {sink.delivers_bytes_per_s, sink.draw, request.now_us};
        }
        if (!chosen_at_ || request.now_us - *chosen_at_ >= 10 * second_us) {
            choose(request.now_us);
        }
        std::transform(sinks.begin(), sinks.end(), ranks.begin(), [this](auto const& sink) {
            return unchoked_.empty() || unchoked_.contains(sink.sink_id) ? 0.0 : 1.0;
        });
    }

  private:
    struct Known {
        double delivers = 0;
        std::uint64_t draw = 0;
        std::uint64_t seen_us = 0;  ///< when it last waited
    };

    void choose(std::uint64_t now_us) {
        std::erase_if(known_, [&](auto const& each) {
            return now_us - each.second.seen_us >= 10 * second_us;
        });
        std::vector<std::pair<double, std::uint64_t>> best;
        for (auto const& [id, sink] : known_) {
            if (sink.delivers > 0) {
                best.emplace_back(sink.delivers, id);
            }
        }
        std::sort(best.begin(), best.end(), std::greater<>());
        best.resize(std::min(best.size(), slots_ - 1));
        unchoked_.clear();
        for (auto const& [delivers, id] : best) {
            unchoked_.insert(id);
        }
        if (!unchoked_.empty()) {
            add_drawn(now_us);
        }
        chosen_at_ = now_us;
    }

    /// The one that was drawn stays for 30 s, unless it is one of the best or is gone.
    void add_drawn(std::uint64_t now_us) {
        bool const stays = known_.contains(drawn_) && !unchoked_.contains(drawn_) &&
                           now_us - drawn_us_ < 30 * second_us;
        if (!stays) {
            drawn_us_ = now_us;
            ++draws_;
            auto lowest = std::numeric_limits<std::uint64_t>::max();
            for (auto const& [id, sink] : known_) {
                auto const order = mixed(sink.draw ^ mixed(draws_));
                if (!unchoked_.contains(id) && order < lowest) {
                    lowest = order;
                    drawn_ = id;
                }
            }
        }
        unchoked_.insert(drawn_);
    }

    /// splitmix64's finisher: every bit of the input changes half of the output's.
    static std::uint64_t mixed(std::uint64_t value) {
        value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
        value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
        return value ^ (value >> 31U);
    }

    std::size_t slots_;
    std::map<std::uint64_t, Known> known_;  ///< that have waited of late, by their ids
    std::set<std::uint64_t> unchoked_;
    std::optional<std::uint64_t> chosen_at_;
    std::uint64_t drawn_ = 0;
    std::uint64_t drawn_us_ = 0;
    std::uint64_t draws_ = 0;
};

}  // namespace

XFSBUS_EXPORT_UPLOAD_CHOICE(TitForTat, "titfortat", "1.0",
                            "who delivers most to us, and one that is drawn",
                            XFSBUS_PARAMETER("slots", "4", "so many are served before the others"))
