#include "contract.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/host/upload_choice_factory.hpp>

#include <array>

namespace xfsbus::policies {
namespace {

constexpr std::uint64_t upload_decisions = 10'000;
constexpr std::size_t upload_sinks_most = 8'000;

/// Anything that a peer may show, the extremes more often than chance would have them.
class RandomUploads {
  public:
    explicit RandomUploads(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::vector<UploadSinkView> sinks(std::size_t count) {
        std::vector<UploadSinkView> all(count);
        for (auto& each : all) {
            each = sink();
        }
        return all;
    }

    [[nodiscard]] std::vector<UploadSinkView> sinks() { return sinks(1 + random_.rng().below(20)); }

    /// Time goes on, seldom by much.
    [[nodiscard]] UploadRequest request() {
        now_us_ += random_.rng().below(random_.rng().below(20) == 0 ? 60'000'000 : 100'000);
        return {.places = static_cast<std::uint32_t>(whole()), .now_us = now_us_};
    }

  private:
    UploadSinkView sink() {
        return {.copies = static_cast<std::uint32_t>(random_.rng().below(3)),
                .sink_id = random_.rng().below(50),
                .draw = whole(),
                .content = random_.rng().below(3),
                .bytes = whole(),
                .share_bytes = whole(),
                .waits_us = whole(),
                .served_us = whole(),
                .host = random_.rng().below(2) == 0 ? "192.0.2.1" : "2001:db8::1",
                .delivers_bytes_per_s =
                    random_.rng().below(2) == 0 ? 0.0 : static_cast<double>(whole())};
    }

    std::uint64_t whole() {
        std::array<std::uint64_t, 4> const all{0, ~std::uint64_t{0}, random_.next(),
                                               random_.next()};
        return all.at(random_.rng().below(all.size()));
    }

    SeededRandom random_;
    std::uint64_t now_us_ = 1;
};

std::vector<double> ranks_of(GuardedUploadChoice& choice, UploadRequest const& request,
                             std::vector<UploadSinkView> const& sinks) {
    std::vector<double> ranks(sinks.size());
    choice.rank(request, sinks, ranks);
    return ranks;
}

}  // namespace

ContractTrial try_upload_choice(LoadPlugin const& load) {
    FirstComplaint complaint;
    FirstComplaint of_many;
    UploadChoiceFactory const here(load());
    UploadChoiceFactory const there(load());
    auto const one = here.make(complaint.guard());
    auto const two = there.make(complaint.guard());
    RandomUploads uploads(2024);
    std::uint64_t differences = 0;
    for (std::uint64_t i = 0; i < upload_decisions; ++i) {
        auto const sinks = uploads.sinks();
        auto const request = uploads.request();
        differences += ranks_of(*one, request, sinks) == ranks_of(*two, request, sinks) ? 0 : 1;
    }
    ranks_of(*here.make(of_many.guard()), uploads.request(), uploads.sinks(upload_sinks_most));
    auto const& counters = one->counters();
    return {.plugin = {},
            .rules = {{"every rank is a finite number, and nothing is thrown",
                       counters.faults > 0 ? complaint.text() : ""},
                      {"eight thousand sinks are ranked within 10 ms", of_many.text()},
                      {"the same sinks and the same draws have the same ranks",
                       differed(differences, upload_decisions)}},
            .decisions = counters.picks,
            .spent = counters.spent};
}

}  // namespace xfsbus::policies
