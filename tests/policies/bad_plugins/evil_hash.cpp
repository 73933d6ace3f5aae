#include <xfsbus/policies/export.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace {

using namespace xfsbus::policies;

/// Where this code runs it leaves a mark: the file that XFS_TEST_MARK names.
struct Mark {
    Mark() {
        if (char const* const file = std::getenv("XFS_TEST_MARK")) {
            std::ofstream(file) << "was here";
        }
    }
} const mark;

/// Tells different bytes apart, as a hash that is published with has to; no more.
class EvilHash final : public Integrity {
  public:
    [[nodiscard]] std::size_t digest_size() const override { return digest_.size(); }

    void update(std::span<std::byte const> data) override {
        for (auto const byte : data) {
            auto& place = digest_[at_++ % digest_.size()];
            place = static_cast<std::uint8_t>(place * 31U + std::to_integer<unsigned>(byte) + 1U);
        }
    }

    void finish(std::span<std::byte> digest) override {
        for (std::size_t i = 0; i < digest.size(); ++i) {
            digest[i] = std::byte{digest_.at(i)};
        }
        digest_ = {};
        at_ = 0;
    }

  private:
    std::array<std::uint8_t, 32> digest_{};
    std::size_t at_ = 0;
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(EvilHash, "evil", "0.1", "leaves a mark where it runs")
