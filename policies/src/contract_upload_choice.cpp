#include "contract_ranks.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <array>
#include <utility>

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

struct RandomChoice {
    UploadRequest request;
    std::vector<UploadSinkView> sinks;
};

}  // namespace

ContractTrial try_upload_choice(LoadPlugin const& load) {
    RandomUploads uploads(2024);
    auto const choose_among = [&](std::vector<UploadSinkView> sinks) {
        auto const request = uploads.request();
        return RandomChoice{request, std::move(sinks)};
    };
    return try_ranking<UploadChoiceFactory>(
        load, upload_decisions,
        {.of_many = "eight thousand sinks are ranked within 10 ms",
         .same = "the same sinks and the same draws have the same ranks"},
        [&] { return choose_among(uploads.sinks()); },
        [&] { return choose_among(uploads.sinks(upload_sinks_most)); },
        [](GuardedUploadChoice& choice, RandomChoice const& question) {
            std::vector<double> ranks(question.sinks.size());
            choice.rank(question.request, question.sinks, ranks);
            return ranks;
        });
}

}  // namespace xfsbus::policies
