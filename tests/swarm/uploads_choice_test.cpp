// Whose turn it is where a policy says so.
#include "uploads_fixture.hpp"

#include <xfsbus/policies/fair.hpp>

#include <functional>
#include <memory>
#include <span>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

/// Ranks by what a test says, and remembers what it was shown last.
class ScriptedChoice final : public policies::UploadChoice {
  public:
    using RankOf = std::function<double(policies::UploadSinkView const&)>;

    explicit ScriptedChoice(RankOf rank_of) : rank_of_(std::move(rank_of)) {}

    void rank(policies::UploadRequest const& request,
              std::span<policies::UploadSinkView const> sinks, std::span<double> ranks) override {
        last = request;
        seen.assign(sinks.begin(), sinks.end());
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            ranks[i] = rank_of_(sinks[i]);
        }
    }

    policies::UploadRequest last{.places = 0, .now_us = 0};
    std::vector<policies::UploadSinkView> seen;

  private:
    RankOf rank_of_;
};

/// The ids tell in which order sinks came.
double youngest_first(policies::UploadSinkView const& sink) {
    return -static_cast<double>(sink.sink_id);
}

std::shared_ptr<ScriptedChoice> choose_by(Source& source, ScriptedChoice::RankOf rank_of,
                                          Deliveries const* deliveries = nullptr) {
    auto choice = std::make_shared<ScriptedChoice>(std::move(rank_of));
    source.core.set_choice(choice, deliveries);
    return choice;
}

}  // namespace

TEST_CASE("the sink that a policy ranks lowest is served") {
    Source source;
    auto const choice = choose_by(source, &youngest_first);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        source.open(number, number, content(100));
    }
    CHECK(source.serve(50) == std::map<std::uint16_t, std::uint64_t>{{3, 5000}});
    source.core.set_choice(nullptr, nullptr);
    auto const bytes = source.serve(50);
    CHECK(bytes.at(1) + bytes.at(2) >= 4900);
}

TEST_CASE("of sinks with equal ranks the one that was given least is served") {
    Source source;
    choose_by(source, [](auto const&) { return 0.0; });
    source.open(1, 1, content(100));
    for (std::uint32_t number = 2; number <= 10; ++number) {
        source.open(number, 2, content(100));
    }
    auto const bytes = source.serve(100);
    CHECK(bytes.at(1) == 5000);
    CHECK(bytes.at(2) == 5000);
}

TEST_CASE("who has waited for long is served whatever a policy says, but a tenth at most goes so") {
    Source source;
    choose_by(source, &youngest_first);
    for (std::uint16_t number = 1; number <= 4; ++number) {
        source.open(number, number, content(1000));
    }
    auto const bytes = source.serve(900, 100ms);
    for (std::uint16_t number = 1; number <= 3; ++number) {
        CHECK(bytes.at(number) >= 1000);
    }
    CHECK(bytes.at(4) >= 80'000);
}

TEST_CASE("the built-in rule as a policy serves as it does without one") {
    auto const serve = [](bool as_policy) {
        Source source;
        if (as_policy) {
            source.core.set_choice(std::make_shared<policies::Fair>(), nullptr);
        }
        source.open(1, 1, content(50), 5);
        source.open(2, 2, content(50), 5);
        source.open(3, 3, content(50, 70), 6);
        std::vector<std::pair<std::uint16_t, std::uint32_t>> order;
        while (auto const piece = source.core.next(source.now)) {
            order.emplace_back(piece->sink.port, piece->chunk);
            source.done(*piece);
        }
        return order;
    };
    CHECK(serve(true) == serve(false));
    CHECK(serve(true).size() == 150);
}

TEST_CASE("a policy sees what is known of each sink that waits") {
    Source source;
    Deliveries deliveries;
    auto const choice = choose_by(
        source, [](auto const&) { return 0.0; }, &deliveries);
    deliveries.add(source.now, {sink(2).host, 7777}, 1000);
    source.serves = 7777;
    source.open(2, 2, content(4), 5);
    source.serves = 0;
    source.open(1, 1, content(4), 5);
    source.serve(1);
    source.now += 1s;
    source.serve(1);
    CHECK(choice->last.places == 2);
    CHECK(choice->last.now_us == 1'001'000'000);
    REQUIRE(choice->seen.size() == 2);
    auto const& first =
        choice->seen[0].sink_id < choice->seen[1].sink_id ? choice->seen[0] : choice->seen[1];
    auto const& second =
        choice->seen[0].sink_id < choice->seen[1].sink_id ? choice->seen[1] : choice->seen[0];
    CHECK(first.delivers_bytes_per_s > 0);
    CHECK(second.delivers_bytes_per_s == 0);
    CHECK(first.content == second.content);
    CHECK(first.draw != second.draw);
    CHECK(first.bytes == 100);
    CHECK(first.served_us == 1'000'000);
    CHECK(first.share_bytes == 100);
    CHECK(second.share_bytes == 0);
    CHECK(second.waits_us == 1'000'000);
    CHECK(second.copies == 0);
}
