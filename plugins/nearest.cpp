#include <xfsbus/policies/export.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace xfsbus::policies;

/// As few of the nearest sources as deliver as much as more of them would. A sink whose own link is
/// full gains nothing by asking farther ones, and what they send crosses more of the network. How
/// many that are is found as TCP Vegas finds a window (Brakmo, O'Malley and Peterson, SIGCOMM
/// 1994): twice as many are tried for a while; if what comes has not become clearly more, it was
/// too many, and the next try comes later.
class Nearest final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        auto const best = std::ranges::min_element(sources, {}, &SourceView::latency_ms);
        return static_cast<std::size_t>(best - sources.begin());
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_REQUEST});
    }

    Answer decide(RequestView const& request, std::span<SourceView const> sources, Rng&) override {
        std::vector<std::size_t> near;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (!has(sources[i], XFSBUS_SOURCE_LEAVING)) {
                near.push_back(i);
            }
        }
        std::ranges::stable_sort(near, {}, [&](auto i) { return sources[i].latency_ms; });
        think(request.now_us, sources, near.size());
        near.resize(std::min(near.size(), used_));
        std::optional<std::size_t> busy;
        for (auto const i : near) {
            if (!has(sources[i], XFSBUS_SOURCE_ANSWERABLE)) {
                continue;
            }
            if (has(sources[i], XFSBUS_SOURCE_HAS_ROOM)) {
                return choose(i);
            }
            busy = busy.value_or(i);
        }
        // None of them has the chunk: then any may be asked.
        return busy ? wait_for(*busy) : Answer{};
    }

    std::optional<double> cost(SourceView const& source) override { return source.latency_ms; }

  private:
    static constexpr std::uint64_t while_us = 2'000'000;
    static constexpr std::uint64_t longest_us = 64 * while_us;
    static constexpr double clearly_more = 1.15;

    /// Once in a while.
    void think(std::uint64_t now_us, std::span<SourceView const> sources, std::size_t most) {
        std::uint64_t delivered = 0;
        for (auto const& source : sources) {
            delivered += std::min(source.delivered_bytes, std::uint64_t{1} << 62U);
        }
        if (since_us_ == 0 || now_us < since_us_ || delivered < since_bytes_) {
            since_us_ = now_us;
            since_bytes_ = delivered;
        }
        if (now_us - since_us_ < (tries_ ? while_us : pause_us_)) {
            return;
        }
        double const rate = static_cast<double>(delivered - since_bytes_) /
                            static_cast<double>(std::max<std::uint64_t>(now_us - since_us_, 1));
        since_us_ = now_us;
        since_bytes_ = delivered;
        if (tries_ && rate < clearly_more * rate_before_) {
            used_ = used_before_;
            pause_us_ = std::min(8 * pause_us_, longest_us);
            tries_ = false;
            return;
        }
        if (tries_) {
            pause_us_ = while_us;  // more was better, and still more may be
        }
        rate_before_ = rate;
        used_before_ = used_;
        tries_ = used_ < most;
        used_ = tries_ ? 2 * used_ : used_;
    }

    std::size_t used_ = 1;
    std::size_t used_before_ = 1;
    double rate_before_ = 0;  ///< bytes/us
    bool tries_ = false;
    std::uint64_t pause_us_ = while_us;
    std::uint64_t since_us_ = 0;
    std::uint64_t since_bytes_ = 0;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Nearest, "nearest", "1.0",
                            "as few of the nearest sources as fill the link")
