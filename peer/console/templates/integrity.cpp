#include <xfsbus/policies/export.hpp>

#include <array>
#include <cstdint>
#include <cstring>

using namespace xfsbus::policies;

namespace {

/// FNV-1a in four lanes: it shows how a hash is plugged in, and protects from nobody who wants to
/// deceive. Put a library's in its place.
class Hash final : public Integrity {
  public:
    std::size_t digest_size() const override { return sizeof lanes_; }

    void update(std::span<std::byte const> data) override {
        for (auto const byte : data) {
            for (auto& lane : lanes_) {
                lane = (lane ^ std::to_integer<std::uint64_t>(byte)) * prime;
            }
        }
    }

    void finish(std::span<std::byte> digest) override {
        std::memcpy(digest.data(), lanes_.data(), sizeof lanes_);
        lanes_ = basis;
    }

  private:
    using Lanes = std::array<std::uint64_t, 4>;

    static constexpr std::uint64_t prime = 0x100000001b3;
    static constexpr Lanes basis = {0xcbf29ce484222325, 0x84222325cbf29ce4, 0x22325cbf29ce4842,
                                    0x325cbf29ce484222};

    Lanes lanes_ = basis;
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(Hash, "@NAME@", "0.1", "FNV-1a; an example, not to be trusted")
