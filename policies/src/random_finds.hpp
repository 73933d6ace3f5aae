#pragma once

#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace xfsbus::policies {

/// Anything that a tracker may show a handout, the extremes more often than chance would have them.
/// The same seed, the same finds.
class RandomFinds {
  public:
    explicit RandomFinds(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::vector<HandoutSource> sources() {
        std::vector<HandoutSource> all(2 + random_.rng().below(40));
        for (auto& each : all) {
            each = source();
        }
        return all;
    }

    [[nodiscard]] HandoutRequest request(std::size_t sources) {
        return {.wanted = static_cast<std::uint32_t>(1 + random_.rng().below(sources - 1)),
                .file_bytes = random_.next(),
                .asker_host = one_of("10.0.0.7", "10.0.1.7", "2001:db8::7", ""),
                .asker_labels = one_of("", "rack=a", "rack=b", "rack=")};
    }

  private:
    HandoutSource source() {
        bool const complete = random_.rng().below(2) == 0;
        return {
            .flags = complete ? XFSBUS_HANDOUT_SOURCE_COMPLETE : 0,
            .source_id = random_.next(),
            .draw = extreme(random_.next(), std::uint64_t{0}, ~std::uint64_t{0}),
            .host = one_of("10.0.0.1", "10.0.1.1", "2001:db8::1", ""),
            .labels = one_of("", "rack=a", "idc=x,rack=b", "rack="),
            .completeness = complete ? 1.0 : static_cast<double>(random_.rng().below(100)) / 100.0,
            .port = static_cast<std::uint32_t>(random_.rng().below(65'536)),
            .load = extreme(static_cast<std::uint32_t>(random_.next()), 0U,
                            std::numeric_limits<std::uint32_t>::max())};
    }

    template <class Number>
    Number extreme(Number any, Number low, Number high) {
        std::array const all{low, high, any, any};
        return all.at(random_.rng().below(all.size()));
    }

    template <class... Texts>
    char const* one_of(Texts... texts) {
        std::array<char const*, sizeof...(Texts)> const all{texts...};
        return all.at(random_.rng().below(all.size()));
    }

    SeededRandom random_;
};

}  // namespace xfsbus::policies
