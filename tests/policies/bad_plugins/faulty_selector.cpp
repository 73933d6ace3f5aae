#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace {

using namespace xfsbus::policies;

/// Does wrong whatever its parameter says, and otherwise picks the last source.
class FaultySelector final : public PeerSelector {
  public:
    explicit FaultySelector(Parameters const& parameters) : fault_(parameters.text("fault")) {
        static std::atomic<int> created = 0;
        fail_if("create");
        if (fault_ == "create_waits" && ++created > 1) {
            wait_for_mark();
        }
        if (fault_ == "create_again" && ++created % 2 == 0) {
            throw std::runtime_error("failing in create on purpose");
        }
        if (fault_ == "create_int") {
            throw 42;
        }
    }

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const> sources,
                                    Rng&) override {
        fail_if("pick");
        if (fault_ == "abort") {
            std::abort();
        }
        if (fault_ == "pick_int") {
            throw 42;
        }
        if (fault_ == "negative_index") {
            return static_cast<std::size_t>(-7);
        }
        if (fault_ == "chance") {
            return std::random_device{}() % sources.size();
        }
        return fault_ == "index" ? sources.size() : sources.size() - 1;
    }

    std::optional<double> cost(SourceView const&) override {
        fail_if("cost");
        return fault_ == "nan" ? std::numeric_limits<double>::quiet_NaN() : 1.0;
    }

    void observe(SourceView const&, OutcomeView const&) override { fail_if("observe"); }

  private:
    /// Until the file is there that XFS_TEST_MARK names.
    static void wait_for_mark() {
        char const* const mark = std::getenv("XFS_TEST_MARK");
        while (mark != nullptr && ::access(mark, F_OK) != 0) {
            ::usleep(1000);
        }
    }

    void fail_if(std::string const& operation) const {
        if (fault_ == operation) {
            throw std::runtime_error("failing in " + operation + " on purpose");
        }
    }

    std::string fault_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(FaultySelector, "faulty-selector", "0.1", "does wrong on purpose",
                            XFSBUS_PARAMETER("fault", "none", "what to do wrong"),
                            XFSBUS_PARAMETER("spare", "1", "not used"))
