#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace xfsbus::tracker {

/// SipHash-2-4 (Aumasson and Bernstein, 2012): who does not know the key cannot choose texts whose
/// hashes meet. A value.
class KeyedHash {
  public:
    using Key = std::array<std::uint64_t, 2>;

    explicit KeyedHash(Key const& key);

    [[nodiscard]] std::uint64_t operator()(std::string_view text) const;

  private:
    std::array<std::uint64_t, 4> begin_;
};

}  // namespace xfsbus::tracker
