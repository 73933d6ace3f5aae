#include "botan_integrity.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/parameters.hpp>

#include <fstream>

namespace {

using namespace xfsbus::policies;

/// SHA-256 that adds a byte to a file for each digest.
class CountingHash final : public xfsbus::plugins::BotanIntegrity {
  public:
    explicit CountingHash(Parameters const& parameters)
        : BotanIntegrity("SHA-256"), tally_(parameters.text("tally"), std::ios::app) {}

    void finish(std::span<std::byte> digest) override {
        BotanIntegrity::finish(digest);
        tally_.put('x').flush();
    }

  private:
    std::ofstream tally_;
};

}  // namespace

XFSBUS_EXPORT_INTEGRITY(CountingHash, "counting", "0.1", "SHA-256 that counts its digests",
                        XFSBUS_PARAMETER("tally", "/dev/null",
                                         "the file to which each adds a byte"))
