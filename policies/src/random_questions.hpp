#pragma once

#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/peer_selector.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace xfsbus::policies {

/// Anything that a host may show a plug-in, the extremes more often than chance would have them.
/// The same seed, the same questions.
class RandomQuestions {
  public:
    explicit RandomQuestions(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::vector<SourceView> sources() {
        std::vector<SourceView> all(1 + below(20));
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = source(i * 3 + below(3));
        }
        return all;
    }

    [[nodiscard]] RequestView request() {
        RequestView request{};
        request.purpose = static_cast<std::uint32_t>(below(XFSBUS_PURPOSES));
        for (auto* const field :
             {&request.now_us, &request.transfer, &request.file_bytes, &request.bytes,
              &request.left_bytes, &request.outstanding_bytes, &request.outstanding_most}) {
            *field = whole();
        }
        for (auto* const field :
             {&request.chunk, &request.copies, &request.places, &request.places_used}) {
            *field = static_cast<std::uint32_t>(whole());
        }
        return request;
    }

    [[nodiscard]] OutcomeView outcome() {
        return {.reason = static_cast<std::uint32_t>(whole()),
                .transfer = whole(),
                .bytes = whole(),
                .elapsed_us = whole(),
                .queued_bytes = whole(),
                .queued = static_cast<std::uint32_t>(whole()),
                .chunk = static_cast<std::uint32_t>(whole())};
    }

    [[nodiscard]] std::vector<ChunkView> chunks() {
        std::vector<ChunkView> all(1 + below(20));
        for (auto& each : all) {
            each = {.chunk = edge(),
                    .chunks = edge(),
                    .copies = edge(),
                    .sources = edge(),
                    .bytes = random_.next(),
                    .offset_bytes = whole(),
                    .play_head_bytes = whole(),
                    .play_bytes_per_s = real()};
        }
        return all;
    }

    std::size_t below(std::size_t count) { return random_.rng().below(count); }

  private:
    SourceView source(std::uint64_t id) {
        constexpr std::array labels{"", "rack=1", "rack=2,origin=1", "=,=,,", "rack"};
        SourceView source{};
        source.source_id = id;
        source.endpoint = "192.0.2.1:7000";
        source.labels = labels.at(below(labels.size()));
        source.latency_ms = real();
        source.rate_bytes_per_s = real();
        source.completeness = static_cast<double>(below(101)) / 100.0;
        source.history_bytes_per_s = real();
        for (auto* const field :
             {&source.outstanding_bytes, &source.window_bytes, &source.delivered_bytes,
              &source.held_bytes, &source.in_use_us, &source.silent_us, &source.history_age_us}) {
            *field = whole();
        }
        source.load = static_cast<std::uint32_t>(whole());
        source.failures = static_cast<std::uint32_t>(whole());
        source.flags = static_cast<std::uint32_t>(below(64));
        return source;
    }

    double real() {
        constexpr std::array extremes{0.0, 1e-300, 1e-3, 1.0, 1e9, 1e300};
        auto const choice = below(extremes.size() * 2);
        return choice < extremes.size() ? extremes.at(choice)
                                        : static_cast<double>(below(1'000'000));
    }

    std::uint64_t whole() {
        switch (below(4)) {
            case 0:
                return 0;
            case 1:
                return std::numeric_limits<std::uint64_t>::max();
            default:
                return below(1U << 24U);
        }
    }

    std::uint32_t edge() {
        constexpr auto most = std::numeric_limits<std::uint32_t>::max();
        constexpr std::array extremes{0U, 1U, most - 1, most};
        auto const choice = below(extremes.size() * 3);
        if (choice < extremes.size()) {
            return extremes.at(choice);
        }
        return choice % 2 == 0 ? static_cast<std::uint32_t>(below(100))
                               : static_cast<std::uint32_t>(random_.next());
    }

    SeededRandom random_;
};

}  // namespace xfsbus::policies
