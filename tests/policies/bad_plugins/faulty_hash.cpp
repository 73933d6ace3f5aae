#include <xfsbus/policies/export.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

/// All digests are zero; fails when and how its parameters say.
class FaultyHash final : public Integrity {
  public:
    explicit FaultyHash(Parameters const& parameters)
        : size_(parameters.integer("digest_size")), fault_(parameters.text("fault")) {}

    [[nodiscard]] std::size_t digest_size() const override {
        if (fault_ == "digest_size") {
            throw std::runtime_error("not today");
        }
        return static_cast<std::size_t>(size_);
    }

    void update(std::span<std::byte const>) override { fail_if("update"); }

    void finish(std::span<std::byte> digest) override {
        fail_if("finish");
        std::fill(digest.begin(), digest.end(), std::byte{0});
    }

  private:
    void fail_if(std::string const& operation) const {
        if (fault_ == operation) {
            throw std::runtime_error("failing in " + operation + " on purpose");
        }
    }

    std::int64_t size_;
    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(FaultyHash, "faulty", "0.1", "does wrong on purpose",
                        XFSBUS_PARAMETER("digest_size", "32", "what it says its digests have"),
                        XFSBUS_PARAMETER("fault", "none", "what to do wrong"))
