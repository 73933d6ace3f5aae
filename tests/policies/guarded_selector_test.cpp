#include "catch.hpp"
#include "guards.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/decision_recorder.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/policies/host/words.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// A selector of the faulty plug-in, with all that it reported.
struct GuardedPicks {
    std::vector<std::string> reports;
    std::vector<SourceView> sources = three_sources();
    std::unique_ptr<GuardedSelector> selector;

    explicit GuardedPicks(std::string const& fault, GuardOptions options = {}) {
        options.report = [this](std::string_view text) { reports.emplace_back(text); };
        selector = load_peer_selector({"faulty-selector", {{"fault", fault}}},
                                      PluginPath({XFS_TEST_BAD_PLUGINS}))
                       ->make(1, std::move(options));
    }

    std::optional<std::size_t> pick() { return selector->pick(RequestView{}, sources); }

    [[nodiscard]] PolicyCounters const& counters() const { return selector->counters(); }
};

/// Picks the first source, but throws at every second pick.
class EverySecond final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        if (++calls_ % 2 == 0) {
            throw std::runtime_error("even");
        }
        return 0;
    }

  private:
    unsigned calls_ = 0;
};

RequestView question(std::uint32_t purpose, std::uint64_t transfer = 0) {
    RequestView view{};
    view.purpose = purpose;
    view.transfer = transfer;
    return view;
}

/// Writes down in words what it is told.
class Recorder final : public DecisionRecorder {
  public:
    void on_decision(Decision const& decision) override {
        std::string text(purpose_word(decision.request.purpose));
        text += " of " + std::to_string(decision.request.transfer) + ": " + decision.operation +
                " of " + std::to_string(decision.sources.size()) + " is " +
                std::to_string(decision.answer.source);
        text += decision.by_default ? " by the default" : " by the policy";
        told.push_back(text + " in " + std::to_string(decision.cost.count()) + " ns");
    }

    void on_outcome(SourceView const& source, OutcomeView const& outcome) override {
        told.push_back(std::to_string(source.source_id) + ": " +
                       std::string(outcome_word(outcome.reason)));
    }

    std::vector<std::string> told;
};

/// Answers always the same where a chunk is asked for.
class Answers final : public PeerSelector {
  public:
    explicit Answers(Answer answer) : answer_(answer) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        return 0;
    }

    [[nodiscard]] std::uint32_t decides() const override {
        return questions({XFSBUS_PURPOSE_REQUEST});
    }

    Answer decide(RequestView const&, std::span<SourceView const>, Rng&) override {
        return answer_;
    }

  private:
    Answer answer_;
};

}  // namespace

TEST_CASE("A policy without fault decides by itself") {
    GuardedPicks guarded("none");
    CHECK(guarded.pick() == 2U);
    CHECK(guarded.selector->cost(guarded.sources[0]) == 1.0);
    guarded.selector->observe(guarded.sources[0], OutcomeView{});
    CHECK(guarded.counters().picks == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    CHECK(guarded.reports.empty());
}

TEST_CASE("A pick that fails or makes no sense is counted, reported and made by the default") {
    struct Case {
        char const* fault;
        char const* reason;
    };

    auto const c =
        GENERATE(Case{"pick", "failing in pick on purpose"}, Case{"pick_int", "unknown exception"},
                 Case{"index", "answered 3 where there are 3 sources"},
                 Case{"negative_index", "answered -7, which means nothing"});
    GuardedPicks guarded(c.fault);
    CHECK(guarded.pick() == 1U);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(guarded.reports[0] == "policy 'faulty-selector': pick: " + std::string(c.reason) +
                                    "; the built-in default decides instead (so far: 1)");

    GuardedPicks exact(c.fault, strict());
    CHECK(fault([&] { exact.pick(); }) ==
          "policy 'faulty-selector': pick: " + std::string(c.reason));
    CHECK(exact.counters().fallback == 0);
}

TEST_CASE("A cost that fails or is not a number is replaced by the default's") {
    auto const* const name = GENERATE("cost", "nan");
    GuardedPicks guarded(name);
    CHECK(guarded.selector->cost(guarded.sources[1]) == 1.0);
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.reports.size() == 1);

    GuardedPicks exact(name, strict());
    CHECK_THROWS_AS(exact.selector->cost(exact.sources[0]), PolicyFault);
}

TEST_CASE("A policy that fails to learn is counted and goes on deciding") {
    GuardedPicks guarded("observe");
    for (int i = 0; i < 100; ++i) {
        guarded.selector->observe(guarded.sources[0], OutcomeView{});
        CHECK(guarded.pick() == 2U);
    }
    CHECK(guarded.counters().faults == 100);
    CHECK_FALSE(guarded.selector->given_up());

    GuardedPicks exact("observe", strict());
    CHECK_THROWS_AS(exact.selector->observe(exact.sources[0], OutcomeView{}), PolicyFault);
}

TEST_CASE("A policy that fails sixteen times in a row is not called any more, which is said once") {
    GuardedPicks guarded("pick");
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.pick() == 1U);
        guarded.selector->observe(guarded.sources[0], OutcomeView{});
    }
    CHECK(guarded.selector->given_up());
    CHECK(guarded.counters().picks == 100);
    CHECK(guarded.counters().faults == 16);
    CHECK(guarded.counters().fallback == 100);
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "16 faults in a row"));
    CHECK(contains(guarded.reports[1], "it is not called any more"));
}

TEST_CASE("A strict policy that was given up is an error, not a silent default") {
    GuardedPicks guarded("pick", strict());
    for (int i = 0; i < 16; ++i) {
        CHECK_THROWS_AS(guarded.pick(), PolicyFault);
    }
    CHECK(fault([&] { guarded.pick(); }) == "policy 'faulty-selector' was given up");
    CHECK(guarded.counters().faults == 16);
}

TEST_CASE("Faults that come between good decisions are reported once in a thousand") {
    std::vector<std::string> reports;
    GuardOptions options;
    options.report = [&](std::string_view text) { reports.emplace_back(text); };
    GuardedSelector selector("odd", std::make_unique<EverySecond>(), 1, options);
    auto const sources = three_sources();
    for (int i = 0; i < 4001; ++i) {
        static_cast<void>(selector.pick(RequestView{}, sources));
    }
    CHECK(selector.counters().faults == 2000);
    CHECK_FALSE(selector.given_up());
    REQUIRE(reports.size() == 3);
    CHECK(contains(reports[2], "(so far: 2000)"));
}

TEST_CASE("A slow answer is used, but counted and reported") {
    GuardedPicks guarded("none", slow_every(60));
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.pick() == 2U);
    }
    CHECK(guarded.counters().slow == 1);
    CHECK(guarded.counters().faults == 0);
    CHECK(guarded.counters().fallback == 0);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(guarded.reports[0] ==
          "policy 'faulty-selector': pick took 11 ms, more than the 10 ms "
          "it may take (so far: 1)");
}

TEST_CASE("A policy that is slow a second time within ten seconds is given up") {
    GuardedPicks guarded("none", slow_every(5));
    for (int i = 0; i < 10; ++i) {  // after the call that created it
        CHECK(guarded.pick() == (i < 9 ? 2U : 1U));
    }
    CHECK(guarded.counters().slow == 2);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.selector->given_up());
    REQUIRE(guarded.reports.size() == 2);
    CHECK(contains(guarded.reports[1], "two calls that took too long"));
    CHECK(contains(guarded.reports[1], "it is not called any more"));
}

TEST_CASE("A policy that is slow once in a while is not given up") {
    using namespace std::chrono_literals;
    GuardOptions options;
    auto time = std::make_shared<std::chrono::nanoseconds>(0);
    options.clock = [time, readings = 0]() mutable {
        return *time += ++readings % 2 == 0 ? 11ms : 11s;
    };
    GuardedPicks guarded("none", options);
    for (int i = 0; i < 100; ++i) {
        CHECK(guarded.pick() == 2U);
    }
    CHECK(guarded.counters().slow == 100);
    CHECK_FALSE(guarded.selector->given_up());
}

TEST_CASE("A policy that has taken its time of a second is not asked until that has passed") {
    using namespace std::chrono_literals;
    GuardOptions options;
    auto time = std::make_shared<std::chrono::nanoseconds>(0);
    auto takes = std::make_shared<std::chrono::nanoseconds>(9ms);
    options.clock = [time, takes, readings = 0]() mutable {
        return *time += ++readings % 2 == 0 ? *takes : 0ms;
    };
    GuardedPicks guarded("none", options);
    for (int i = 0; i < 6; ++i) {
        CHECK(guarded.pick() == 2U);  // 54 ms in all
    }
    *takes = 0ms;
    CHECK(guarded.pick() == 1U);
    guarded.selector->observe(guarded.sources[0], OutcomeView{});
    CHECK(guarded.counters().over_budget == 2);
    CHECK(guarded.counters().fallback == 1);
    CHECK(guarded.counters().spent == 54ms);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(guarded.reports[0] ==
          "policy 'faulty-selector': took more than 50 ms of a second; the built-in default "
          "decides until it has passed");
    *time += 1s;
    CHECK(guarded.pick() == 2U);
    CHECK_FALSE(guarded.selector->given_up());
}

TEST_CASE("A strict policy that has taken its time of a second is an error") {
    using namespace std::chrono_literals;
    auto options = slow_every(1);
    options.strict = true;
    options.budget = 1s;
    options.budget_a_second = 10ms;
    GuardedPicks guarded("none", options);
    CHECK(guarded.pick() == 2U);
    CHECK_THROWS_AS(guarded.pick(), PolicyFault);
}

TEST_CASE("Decisions and faults are counted by purpose") {
    GuardedPicks guarded("pick");
    RequestView request;
    request.purpose = XFSBUS_PURPOSE_ADMIT;
    static_cast<void>(guarded.selector->pick(request, guarded.sources));
    static_cast<void>(guarded.pick());
    CHECK(guarded.counters().purposes[XFSBUS_PURPOSE_ADMIT].asked == 1);
    CHECK(guarded.counters().purposes[XFSBUS_PURPOSE_ADMIT].faults == 1);
    CHECK(guarded.counters().purposes[XFSBUS_PURPOSE_REQUEST].faults == 1);
    CHECK(guarded.counters().purposes[XFSBUS_PURPOSE_RANK].asked == 0);
}

TEST_CASE("An answer that may not be is a fault, and the default answers") {
    auto const c = GENERATE(wait_for(0), choose(1), choose(9), limit(7), swap(0, 1),
                            xfsbus::policies::answer(9, 0));
    INFO("action " << c.action << ", source " << c.source);
    RequestView request;
    request.purpose = c.gives_way == 1 ? XFSBUS_PURPOSE_REPLACE : XFSBUS_PURPOSE_REQUEST;
    auto sources = three_sources();
    sources[2].flags = XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_HAS_ROOM;
    GuardedSelector guarded("odd", std::make_unique<Answers>(c), 1);
    SeededRandom random(1);
    auto const answer = guarded.decide(request, sources, random.rng());
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.counters().fallback == 1);
    if (request.purpose == XFSBUS_PURPOSE_REQUEST) {
        CHECK(answer.action == XFSBUS_ANSWER_CHOOSE);
        CHECK(answer.source == 2);
    } else {
        CHECK(answer.action == XFSBUS_ANSWER_NONE);
    }
}

TEST_CASE("An answer that fits is the policy's") {
    RequestView const request{};
    auto sources = three_sources();
    sources[0].flags = XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_ANSWERABLE;
    auto const answer = GENERATE(wait_for(0), nobody(), Answer{});
    GuardedSelector guarded("even", std::make_unique<Answers>(answer), 1);
    SeededRandom random(1);
    CHECK(guarded.decides() == questions({XFSBUS_PURPOSE_REQUEST}));
    CHECK(guarded.decide(request, sources, random.rng()).action == answer.action);
    CHECK(guarded.counters().faults == 0);
}

TEST_CASE("A policy that was given up decides nothing any more") {
    GuardedSelector guarded("odd", std::make_unique<Answers>(choose(9)), 1);
    SeededRandom random(1);
    for (int i = 0; i < 16; ++i) {
        guarded.decide(RequestView{}, three_sources(), random.rng());
    }
    CHECK(guarded.given_up());
    CHECK(guarded.decides() == 0);
}

TEST_CASE("What is asked is counted by purpose, and so are questions with one candidate only") {
    using namespace std::chrono_literals;
    GuardOptions options;
    options.clock = [time = 0ns]() mutable { return time += 1ms; };
    GuardedPicks guarded("none", options);
    guarded.selector->pick(question(XFSBUS_PURPOSE_REQUEST), guarded.sources);
    guarded.selector->pick(question(XFSBUS_PURPOSE_ADMIT), guarded.sources);
    guarded.sources.resize(1);
    guarded.selector->pick(question(XFSBUS_PURPOSE_ADMIT), guarded.sources);
    auto const& admit = guarded.counters().purposes.at(XFSBUS_PURPOSE_ADMIT);
    CHECK(admit.asked == 2);
    CHECK(admit.alone == 1);
    CHECK(admit.faults == 0);
    CHECK(admit.spent == 2ms);
    CHECK(guarded.counters().purposes.at(XFSBUS_PURPOSE_REQUEST).asked == 1);
    CHECK(guarded.counters().purposes.at(XFSBUS_PURPOSE_REQUEST).alone == 0);
    CHECK(guarded.counters().purposes.at(XFSBUS_PURPOSE_RANK).asked == 0);
}

TEST_CASE(
    "Of those who are listed for a decision only the ones that may be answered are candidates") {
    GuardedSelector guarded("answers", std::make_unique<Answers>(nobody()), 1);
    SeededRandom random(1);
    auto sources = three_sources();
    sources[1].flags = XFSBUS_SOURCE_ANSWERABLE;
    guarded.decide(question(XFSBUS_PURPOSE_REQUEST), sources, random.rng());
    sources[2].flags = XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_IN_USE;
    guarded.decide(question(XFSBUS_PURPOSE_REQUEST), sources, random.rng());
    guarded.decide(question(XFSBUS_PURPOSE_REPLACE), sources, random.rng());
    auto const& purposes = guarded.counters().purposes;
    CHECK(purposes.at(XFSBUS_PURPOSE_REQUEST).asked == 2);
    CHECK(purposes.at(XFSBUS_PURPOSE_REQUEST).alone == 1);
    CHECK(purposes.at(XFSBUS_PURPOSE_REPLACE).alone == 1);
}

TEST_CASE("A recorder is told of each decision, who made it, what it took, and of each outcome") {
    using namespace std::chrono_literals;
    GuardOptions options;
    options.clock = [time = 0ns]() mutable { return time += 250ns; };
    auto const recorder = std::make_shared<Recorder>();
    options.recorder = recorder;
    GuardedSelector selector("odd", std::make_unique<EverySecond>(), 1, options);
    auto const sources = three_sources();
    selector.pick(question(XFSBUS_PURPOSE_ADMIT, 4), sources);
    selector.pick(question(XFSBUS_PURPOSE_REQUEST, 4), sources);
    OutcomeView lost{};
    lost.reason = XFSBUS_OUTCOME_LOST;
    selector.observe(sources[2], lost);
    REQUIRE(recorder->told.size() == 3);
    CHECK(recorder->told[0] == "admit of 4: pick of 3 is 0 by the policy in 250 ns");
    CHECK(recorder->told[1] == "request of 4: pick of 3 is 1 by the default in 250 ns");
    CHECK(recorder->told[2] == "3: lost");
}

TEST_CASE("Nobody is picked from an empty list, and the policy is not asked") {
    GuardedPicks guarded("pick");
    guarded.sources.clear();
    CHECK_FALSE(guarded.pick().has_value());
    CHECK(guarded.counters().picks == 0);
}

TEST_CASE("A policy that cannot be created any more is a fault, and the default decides") {
    GuardedPicks guarded("create_again");
    CHECK(guarded.counters().faults == 1);
    CHECK(guarded.selector->given_up());
    REQUIRE(guarded.reports.size() == 1);
    CHECK(contains(guarded.reports[0], "policy 'faulty-selector': create: failing in create on"));
    CHECK(guarded.pick() == 1);
    CHECK(guarded.counters().fallback == 1);
    CHECK(fault([] { GuardedPicks("create_again", strict()); }) ==
          "policy 'faulty-selector': create: failing in create on purpose");
}

TEST_CASE("A policy that takes long to create is used, and counted as slow") {
    using namespace std::chrono_literals;
    GuardOptions options;
    options.clock = [time = 0ns]() mutable { return std::exchange(time, time + 1001ms); };
    GuardedPicks const guarded("none", options);
    CHECK(guarded.counters().slow == 1);
    REQUIRE(guarded.reports.size() == 1);
    CHECK(contains(guarded.reports[0], "create took 1001 ms, more than the 1000 ms it may take"));
    CHECK_FALSE(guarded.selector->given_up());
}
