// Runs in processes of their own: what becomes of those that go wrong.
#include "run/processes.hpp"

#include "catch.hpp"
#include "run/progress.hpp"

#include <algorithm>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::lab::run;
using namespace std::chrono_literals;

namespace {

using xfsbus::lab::results::Outcome;
using xfsbus::lab::results::Run;

constexpr std::size_t mebi = 1024 * 1024;

/// What a run with this seed does: 1 ends well, and each other goes wrong in a way of its own.
Run misbehave(Job const& job) {
    switch (job.seed) {
        case 2:
            throw std::runtime_error("a reason");
        case 3:
            ::raise(SIGKILL);
            break;
        case 4:
            throw std::bad_alloc();
        case 5:
            ::_exit(7);
        case 6:
            for (;;) {
                ::pause();
            }
        case 7:
            throw 7;
        default:
            break;
    }
    Run run;
    run.chunks_sent = job.seed + 100 * job.policy;
    return run;
}

Ended run_seeds(std::vector<std::uint64_t> const& seeds, Limits const& limits) {
    std::vector<Job> jobs;
    for (auto const seed : seeds) {
        jobs.push_back({2, seed});
    }
    auto ended = run_all(jobs, limits, misbehave, [](Progress const&) {});
    std::ranges::sort(ended.outcomes, {}, &Outcome::seed);
    return ended;
}

std::string why(Outcome const& outcome) {
    auto const* const text = std::get_if<std::string>(&outcome.what);
    return text != nullptr ? *text : std::string();
}

}  // namespace

TEST_CASE("a run that goes wrong is told with its reason, and the others go on") {
    auto const ended = run_seeds({1, 2, 3, 4, 5, 7, 8}, {2, 60s, 0});
    REQUIRE(ended.outcomes.size() == 7);
    CHECK(ended.signal == 0);
    REQUIRE(std::holds_alternative<Run>(ended.outcomes[0].what));
    CHECK(std::get<Run>(ended.outcomes[0].what).chunks_sent == 201);
    CHECK(ended.outcomes[0].policy == 2);
    CHECK(why(ended.outcomes[1]) == "a reason");
    CHECK(why(ended.outcomes[2]) == "crashed: Killed");
    CHECK_THAT(why(ended.outcomes[3]), ContainsSubstring("ran out of memory"));
    CHECK(why(ended.outcomes[4]) == "ended with code 7");
    CHECK_THAT(why(ended.outcomes[5]), ContainsSubstring("no exception"));
    CHECK(std::holds_alternative<Run>(ended.outcomes[6].what));
}

TEST_CASE("a run that takes too long is ended") {
    auto const ended = run_seeds({1, 6}, {1, 100ms, 0});
    REQUIRE(ended.outcomes.size() == 2);
    CHECK(why(ended.outcomes[1]) == "took longer than --time-limit, 0.1 s");
    CHECK(ended.outcomes[1].timing.wall_s >= 0.1);
}

// A sanitizer needs more address space than any limit leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a run that takes more memory than it may has failed") {
    auto const greedy = [](Job const&) {
        std::vector<std::string> all;
        for (;;) {
            all.emplace_back(mebi, 'x');
        }
        return Run();
    };
    auto const ended = run_all({{0, 1}}, {1, 60s, 512 * mebi}, greedy, [](Progress const&) {});
    REQUIRE(ended.outcomes.size() == 1);
    CHECK_THAT(why(ended.outcomes[0]),
               ContainsSubstring("ran out of memory (--memory-limit 512 MiB)"));
}
#endif

TEST_CASE("a signal ends what is under way, and keeps what is done") {
    std::size_t told = 0;
    std::vector<Job> const jobs = {{0, 1}, {0, 6}, {0, 6}};
    auto const ended = run_all(jobs, {1, 60s, 0}, misbehave, [&](Progress const& progress) {
        told += progress.done == 1 ? 1 : 0;
        if (told == 1) {
            ::kill(::getpid(), SIGTERM);
            ++told;
        }
    });
    CHECK(ended.signal == SIGTERM);
    REQUIRE(ended.outcomes.size() == 1);
    CHECK(ended.outcomes[0].seed == 1);
}

TEST_CASE("a run that writes what is no run has failed") {
    auto const strange = [](Job const&) {
        Run run;
        run.peers.resize(1);
        run.peers[0].failure = "\xff\xfe";
        return run;
    };
    auto const ended = run_all({{0, 1}}, {1, 60s, 0}, strange, [](Progress const&) {});
    REQUIRE(ended.outcomes.size() == 1);
    CHECK(std::holds_alternative<Run>(ended.outcomes[0].what));  // what is no UTF-8 is replaced
}

TEST_CASE("progress says how long the rest takes") {
    CHECK(line_of({0, 0, 2, 40, 5s}) == "0 of 40 runs, 2 under way");
    CHECK(line_of({10, 1, 2, 40, 30s}) == "10 of 40 runs, 1 failed, 2 under way, 1:30 left");
    CHECK(line_of({1, 0, 0, 1, 3s}) == "1 of 1 run, 0 under way, 0:00 left");
}

TEST_CASE("where there are descriptors for one run only, the others wait for its end") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    // The first that is free, one for the signals, and two for a pipe of which one is closed again.
    int const next = ::dup(0);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next) + 4;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    auto const ended = run_seeds({1, 11, 12, 13}, {.at_once = 4, .time = 60s, .memory_bytes = 0});
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE(ended.outcomes.size() == 4);
    for (auto const& outcome : ended.outcomes) {
        CHECK(std::holds_alternative<Run>(outcome.what));
    }
}

TEST_CASE("a run that cannot even be begun has failed with the reason, and nothing is lost") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    int const next = ::dup(0);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next) + 1;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    auto const ended = run_seeds({1, 2}, {.at_once = 2, .time = 60s, .memory_bytes = 0});
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE(ended.outcomes.size() == 2);
    for (auto const& outcome : ended.outcomes) {
        REQUIRE(std::holds_alternative<std::string>(outcome.what));
        CHECK_THAT(std::get<std::string>(outcome.what),
                   ContainsSubstring("cannot be begun: pipe: Too many open files"));
    }
}
