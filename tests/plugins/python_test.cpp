// What the plug-in does that runs a file of Python.
#include "catch.hpp"
#include "sources.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/contract.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/services.hpp>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include <sys/wait.h>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

constexpr auto usable = XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_HAS_CHUNK |
                        XFSBUS_SOURCE_HAS_ROOM;

/// A policy in a file.
class Script {
  public:
    explicit Script(std::string const& text) { std::ofstream(path()) << text; }

    [[nodiscard]] std::string path() const { return (dir_.path() / "mine.py").string(); }

    [[nodiscard]] std::string spec(std::string const& more = "") const {
        return "python:file=" + path() + more;
    }

    [[nodiscard]] std::unique_ptr<GuardedSelector> selector(std::string const& more = "",
                                                            std::uint64_t seed = 1) const {
        return xfsbus::test::selector(spec(more), seed);
    }

  private:
    TempDir dir_;
};

std::vector<SourceView> three() {
    std::vector<SourceView> all{source(1), source(2), source(3)};
    for (auto& each : all) {
        each.flags = usable;
    }
    all[0].rate_bytes_per_s = 1e6;
    all[1].rate_bytes_per_s = 3e6;
    all[2].rate_bytes_per_s = 2e6;
    return all;
}

std::optional<std::size_t> picked(GuardedSelector& policy) {
    SeededRandom random(1);
    return policy.pick(request(), three(), random.rng());
}

Answer decided(GuardedSelector& policy, std::uint32_t purpose) {
    SeededRandom random(1);
    auto view = request();
    view.purpose = purpose;
    return policy.decide(view, three(), random.rng());
}

/// Why it cannot be used.
std::string refusal(std::string const& spec) {
    try {
        static_cast<void>(selector(spec));
    } catch (PluginRefused const& refused) {
        return refused.what();
    }
    return "";
}

/// What is wrong with its answer.
std::string fault(std::string const& text) {
    Script const script(text);
    auto const policy = script.selector();
    try {
        static_cast<void>(picked(*policy));
    } catch (PolicyFault const& fault) {
        return fault.what();
    }
    return "";
}

}  // namespace

TEST_CASE("python: a file that has a function decides") {
    Script const script(
        "def pick(request, sources, rng):\n"
        "    return max(range(len(sources)), key=lambda i: sources[i].rate_bytes_per_s)\n");
    CHECK(picked(*script.selector()) == 1);
}

TEST_CASE("python: without a file it is latency + 10 x load, as in C++") {
    auto const python = selector("python");
    auto const native = selector("loadlatency");
    SeededRandom random(7);
    for (int round = 0; round < 50; ++round) {
        auto sources = three();
        for (auto& each : sources) {
            each.latency_ms = static_cast<double>(random.rng()() % 40);
            each.load = static_cast<std::uint32_t>(random.rng()() % 4);
        }
        SeededRandom one(1);
        SeededRandom other(1);
        CHECK(python->cost(sources[0]) == native->cost(sources[0]));
        CHECK(python->pick(request(), sources, one.rng()) ==
              native->pick(request(), sources, other.rng()));
    }
}

TEST_CASE("python: a class keeps what it is told, and is made with its parameter") {
    Script const script(
        "class Policy:\n"
        "    def __init__(self, parameter):\n"
        "        self.best = int(parameter)\n"
        "    def pick(self, request, sources, rng):\n"
        "        return self.best\n"
        "    def observe(self, source, outcome):\n"
        "        if outcome.reason == 'lost':\n"
        "            self.best = source.source_id - 1\n");
    auto const policy = script.selector(",parameter=2");
    CHECK(picked(*policy) == 2);
    OutcomeView outcome{};
    outcome.reason = XFSBUS_OUTCOME_DELIVERED;
    policy->observe(three()[0], outcome);
    CHECK(picked(*policy) == 2);
    outcome.reason = XFSBUS_OUTCOME_LOST;
    policy->observe(three()[0], outcome);
    CHECK(picked(*policy) == 0);
}

TEST_CASE("python: nobody is None") {
    Script const script("def pick(request, sources, rng):\n    pass\n");
    CHECK(picked(*script.selector()) == std::nullopt);
}

TEST_CASE(
    "python: the questions that it names are put to decide, which has a word for each answer") {
    Script const script(
        "decides = ('request', 'replace', 'window', 'admit', 'total')\n"
        "def pick(request, sources, rng):\n"
        "    return 0\n"
        "def decide(request, sources, rng):\n"
        "    return {'request': wait_for(1, 0.5), 'replace': swap(2, 0), 'window': limit(1e6),\n"
        "            'admit': nobody(2), 'total': None}[request.purpose]\n");
    auto const policy = script.selector();
    auto const waits = decided(*policy, XFSBUS_PURPOSE_REQUEST);
    CHECK(waits.action == XFSBUS_ANSWER_WAIT_FOR);
    CHECK(waits.source == 1);
    CHECK(waits.again_us == 500'000);
    auto const windows = decided(*policy, XFSBUS_PURPOSE_WINDOW);
    CHECK(windows.action == XFSBUS_ANSWER_LIMIT);
    CHECK(windows.bytes == 1'000'000);
    auto const nobody_now = decided(*policy, XFSBUS_PURPOSE_ADMIT);
    CHECK(nobody_now.action == XFSBUS_ANSWER_NONE);
    CHECK(nobody_now.again_us == 2'000'000);
    CHECK(decided(*policy, XFSBUS_PURPOSE_TOTAL).action == XFSBUS_ANSWER_DEFAULT);
}

TEST_CASE("python: one comes in for another") {
    Script const script(
        "decides = ('replace',)\n"
        "def pick(request, sources, rng):\n"
        "    return 0\n"
        "def decide(request, sources, rng):\n"
        "    return swap(2, 0)\n");
    auto sources = three();
    sources[2].flags = XFSBUS_SOURCE_ANSWERABLE;
    SeededRandom random(1);
    auto view = request();
    view.purpose = XFSBUS_PURPOSE_REPLACE;
    auto const answer = script.selector()->decide(view, sources, random.rng());
    CHECK(answer.action == XFSBUS_ANSWER_CHOOSE);
    CHECK(answer.source == 2);
    CHECK(answer.gives_way == 0);
}

TEST_CASE("python: chance is the host's: the same seed draws the same") {
    Script const script(
        "def pick(request, sources, rng):\n"
        "    return rng.randrange(len(sources))\n");
    auto const drawn = [&](std::uint64_t seed) {
        auto const policy = script.selector();
        SeededRandom random(seed);
        std::string all;
        for (int i = 0; i < 40; ++i) {
            all += std::to_string(*policy->pick(request(), three(), random.rng()));
        }
        return all;
    };
    CHECK(drawn(1) == drawn(1));
    CHECK(drawn(1) != drawn(2));
}

TEST_CASE("python: global names are shared by the downloads of one peer, and by no others") {
    Script const script(
        "calls = 0\n"
        "def pick(request, sources, rng):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    return calls - 1\n");
    auto const spec = parse_plugin_spec(script.spec());
    auto const path = PluginPath({XFS_TEST_PLUGINS});
    auto const here = load_peer_selector(spec, path);
    auto const there = load_peer_selector(spec, path);
    CHECK(picked(*here->make(1)) == 0);
    CHECK(picked(*here->make(1)) == 1);
    CHECK(picked(*there->make(1)) == 0);
}

TEST_CASE("python: what it prints is no answer") {
    Script const script(
        "import sys\n"
        "def pick(request, sources, rng):\n"
        "    print('hello')\n"
        "    return 1\n");
    CHECK(picked(*script.selector()) == 1);
}

TEST_CASE("python: a module beside the file is found") {
    Script const script("import beside\npick = beside.pick\n");
    std::ofstream(script.path().substr(0, script.path().rfind('/')) + "/beside.py")
        << "def pick(request, sources, rng):\n    return 2\n";
    CHECK(picked(*script.selector()) == 2);
}

TEST_CASE("python: what is wrong with a file is said when it is loaded") {
    CHECK_THAT(refusal("python:file=/nowhere/mine.py"), ContainsSubstring("FileNotFoundError"));
    CHECK_THAT(refusal("python:interpreter=/nowhere/python"),
               ContainsSubstring("cannot run '/nowhere/python': No such file"));
    CHECK_THAT(refusal("python:interpreter=/bin/true"),
               ContainsSubstring("/bin/true: it has ended"));
    CHECK_THAT(refusal(Script("x = 1\n").spec()), ContainsSubstring("no function `pick`"));
    Script const misspelt("def pick(request, sources, rng)\n    return 0\n");
    CHECK_THAT(refusal(misspelt.spec()), ContainsSubstring("SyntaxError"));
    Script const unknown(
        "decides = ('replaces',)\n"
        "def pick(request, sources, rng):\n"
        "    return 0\n"
        "def decide(request, sources, rng):\n"
        "    return None\n");
    CHECK_THAT(refusal(unknown.spec()), ContainsSubstring("decides: 'replaces' is none of"));
}

TEST_CASE("python: what a call raises is a fault that says where") {
    CHECK_THAT(fault("def pick(request, sources, rng):\n    return 1 / 0\n"),
               ContainsSubstring("ZeroDivisionError: division by zero (mine.py:2)"));
    CHECK_THAT(fault("def pick(request, sources, rng):\n    return 'a'\n"),
               ContainsSubstring("neither an index nor None"));
    CHECK_THAT(fault("def pick(request, sources, rng):\n    return -1\n"),
               ContainsSubstring("neither an index nor None"));
    CHECK_THAT(fault("def pick(request, sources, rng):\n    return {1}\n"),
               ContainsSubstring("TypeError"));
}

TEST_CASE("python: a program that ends is a fault, and the next policy has a new one") {
    Script const script(
        "import os\n"
        "def pick(request, sources, rng):\n"
        "    if request.bytes == 1 << 20:\n"
        "        os._exit(3)\n"
        "    return 1\n");
    auto const loaded =
        load_peer_selector(parse_plugin_spec(script.spec()), PluginPath({XFS_TEST_PLUGINS}));
    GuardOptions strict;
    strict.strict = true;
    auto const policy = loaded->make(1, strict);
    CHECK_THROWS_AS(picked(*policy), PolicyFault);
    CHECK_THROWS_AS(picked(*policy), PolicyFault);
    SeededRandom random(1);
    CHECK(loaded->make(1, strict)->pick(request(1), three(), random.rng()) == 1);
}

TEST_CASE("python: the policy among the examples keeps the contract") {
    auto const trial = try_contract(
        parse_plugin_spec(std::string("python:file=") + XFS_TEST_EXAMPLES + "/python/policy.py"),
        PluginPath({XFS_TEST_PLUGINS}));
    for (auto const& rule : trial.rules) {
        INFO(rule.sentence << ": " << rule.problem);
        CHECK((rule.problem.empty() || rule.sentence.find("10 ms") != std::string::npos));
    }
}

TEST_CASE("python: its program ends with the last policy") {
    {
        auto const policy = selector("python");
        CHECK(picked(*policy));
    }
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a file may have several classes, of which one is named") {
    Script const script(
        "class First:\n"
        "    def pick(self, request, sources, rng):\n"
        "        return 0\n"
        "class Last:\n"
        "    def pick(self, request, sources, rng):\n"
        "        return len(sources) - 1\n");
    CHECK(picked(*script.selector(",class=First")) == 0U);
    CHECK(picked(*script.selector(",class=Last")) == 2U);
    CHECK_THAT(refusal(script.spec(",class=None")), ContainsSubstring("it has no class `None`"));
    CHECK_THAT(refusal(script.spec()), ContainsSubstring("no function `pick`"));
}
