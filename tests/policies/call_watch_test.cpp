#include "catch.hpp"
#include "guards.hpp"

#include <xfsbus/policies/host/call_watch.hpp>
#include <xfsbus/policies/host/guarded_selector.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>

using namespace xfsbus::policies;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace {

/// A pick of it comes back when it is let go, or, lest the test never ends, after a while.
class Stuck final : public PeerSelector {
  public:
    explicit Stuck(std::shared_future<void> let_go) : let_go_(std::move(let_go)) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        let_go_.wait_for(20s);
        return 2;
    }

  private:
    std::shared_future<void> let_go_;
};

/// A guarded policy that is let go by the first report of it.
struct WatchedStuck {
    std::promise<void> told;
    std::mutex mutex;
    std::vector<std::string> reports;  // guarded by mutex
    std::vector<SourceView> sources = three_sources();
    std::unique_ptr<GuardedSelector> selector;

    explicit WatchedStuck(GuardOptions options) {
        options.report = [this](std::string_view text) {
            std::lock_guard const lock(mutex);
            reports.emplace_back(text);
            if (reports.size() == 1) {
                told.set_value();
            }
        };
        selector = std::make_unique<GuardedSelector>(
            "stuck", std::make_unique<Stuck>(told.get_future().share()), 1, options);
    }

    std::optional<std::size_t> pick() { return selector->pick(RequestView{}, sources); }
};

/// How often the watch's thread has waited for something.
std::uint64_t waits_of_watch() {
    for (auto const& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        bool is_watch = false;
        for (std::string key, value; status >> key && std::getline(status >> std::ws, value);) {
            is_watch = is_watch || (key == "Name:" && value == "xfs-watch");
            if (is_watch && key == "voluntary_ctxt_switches:") {
                return std::stoull(value);
            }
        }
    }
    return 0;
}

}  // namespace

TEST_CASE("A call that does not return is told of while it is under way, and then given up") {
    GuardOptions options;
    options.hang_limit = 20ms;
    options.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    WatchedStuck stuck(options);
    CHECK(stuck.pick() == 2U);
    CHECK(stuck.selector->given_up());
    CHECK(stuck.pick() == 1U);
    CHECK(stuck.selector->counters().fallback == 1);
    REQUIRE(stuck.reports.size() >= 3);
    CHECK_THAT(stuck.reports[0], ContainsSubstring("policy 'stuck': pick has not returned for "));
    CHECK_THAT(stuck.reports.back(),
               ContainsSubstring("policy 'stuck': a call of more than 20 ms"));
    CHECK_THAT(stuck.reports.back(), ContainsSubstring("it is not called any more"));
}

TEST_CASE("One call that takes as long as the limit is enough for a policy to be given up") {
    GuardOptions options;
    options.clock = [time = 0ns, readings = 0]() mutable {
        return time += ++readings % 2 == 0 ? 1s : 0s;
    };
    std::promise<void> let_go;
    let_go.set_value();
    GuardedSelector selector("slow", std::make_unique<Stuck>(let_go.get_future().share()), 1,
                             options);
    auto const sources = three_sources();
    CHECK(selector.pick(RequestView{}, sources) == 2U);
    CHECK(selector.given_up());
    CHECK(selector.pick(RequestView{}, sources) == 1U);
}

TEST_CASE("A call is told of when the limit has passed, and when it has become twice as long") {
    CallMark mark("slow", "libslow.so");
    CallLook look(1s);
    CHECK(look.look(mark, 0s) == std::nullopt);
    CallMark::Call const call(mark, "pick");
    CHECK(look.look(mark, 10s) == std::nullopt);
    CHECK(look.look(mark, 11s - 1ns) == std::nullopt);
    CHECK(look.look(mark, 11s) == 1s);
    CHECK(look.look(mark, 12s - 1ns) == std::nullopt);
    CHECK(look.look(mark, 12s) == 2s);
    CHECK(look.look(mark, 13s) == std::nullopt);
}

TEST_CASE("Many short calls are not taken for one that does not return") {
    CallMark mark("busy", "libbusy.so");
    CallLook look(1s);
    for (auto now = 0ms; now < 10s; now += 250ms) {
        CallMark::Call const call(mark, "pick");
        CHECK(look.look(mark, now) == std::nullopt);
    }
}

TEST_CASE("A mark says what is called, and only for as long as it is") {
    CallMark outer("outer", "libouter.so");
    CallMark inner("inner", "libinner.so");
    CHECK(CallMark::of_this_thread() == nullptr);
    {
        CallMark::Call const call(outer, "pick");
        CHECK(std::string(outer.operation()) == "pick");
        {
            CallMark::Call const within(inner, "rank");
            CHECK(CallMark::of_this_thread() == &inner);
        }
        CHECK(CallMark::of_this_thread() == &outer);
    }
    CHECK(outer.operation() == nullptr);
    CHECK(CallMark::of_this_thread() == nullptr);
}

TEST_CASE("Policies that come and go do not wake the watch") {
    CallMark mark("short", "libshort.so");
    auto const watch = [&] {
        CallWatch::Watched const watched(CallWatch::of_process(), mark, 1h, [](auto) {});
    };
    watch();
    auto const before = waits_of_watch();
    constexpr int policies = 20'000;
    for (int i = 0; i < policies; ++i) {
        watch();
    }
    CHECK(waits_of_watch() - before <= 2);  // for looks that were due already
}
