// The same in C++, as it was written when ABI 2 was new: export.hpp may grow, and this must go on
// compiling and working. What it does is said in abi_plugin_test.cpp.
#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <stdexcept>
#include <string>

using namespace xfsbus::policies;

namespace {

struct Shared {
    std::atomic<unsigned> objects = 0;
};

class Abi2 final : public PeerSelector {
  public:
    Abi2(Parameters const& parameters, Services const& services)
        : services_(services), load_most_(parameters.integer("load_most", 0, 1'000'000)) {
        if (load_most_ == 0) {
            throw std::invalid_argument("load_most is 0");
        }
        services_.log("object " + std::to_string(++services_.shared<Shared>().objects));
        services_.log(std::string(services_.labels()));
    }

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng& rng) override {
        if (request.bytes == 0) {
            throw std::invalid_argument("nothing is asked for");
        }
        if (request.purpose == XFSBUS_PURPOSE_RANK) {
            return rng() % sources.size();
        }
        std::optional<std::size_t> best;
        auto least = load_most_;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].load < least) {
                least = sources[i].load;
                best = i;
            }
        }
        return best;
    }

    std::optional<double> cost(SourceView const& source) override {
        auto const number = [](auto value) { return static_cast<double>(value); };
        return number(source.flags) + number(source.source_id) * 2 +
               number(std::string_view(source.endpoint).size()) * 3 +
               number(std::string_view(source.labels).size()) * 5 + source.latency_ms * 7 +
               source.rate_bytes_per_s * 11 + source.completeness * 13 +
               number(source.outstanding_bytes) * 17 + number(source.window_bytes) * 19 +
               number(source.delivered_bytes) * 23 + number(source.duplicate_bytes) * 29 +
               number(source.in_use_us) * 31 + number(source.silent_us) * 37 +
               number(source.requests) * 41 + number(source.load) * 43 +
               number(source.failures) * 47 + number(source.failures_in_a_row) * 53;
    }

    void observe(SourceView const&, OutcomeView const& outcome) override {
        services_.log("outcome " +
                      std::to_string(outcome.reason + outcome.transfer * 2 + outcome.bytes * 3 +
                                     outcome.elapsed_us * 5 + outcome.queued_bytes * 7 +
                                     outcome.queued * 11 + outcome.chunk * 13));
        services_.log("at " + std::to_string(services_.now().count()));
    }

  private:
    Services services_;
    std::int64_t load_most_;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Abi2, "abi-2", "2.0", "keeps ABI 2 as it was",
                            XFSBUS_PARAMETER("load_most", "100",
                                             "a source with as much load is not asked"))
