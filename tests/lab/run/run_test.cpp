// Whole experiments: from the file to the folder of results.
#include "catch.hpp"
#include "experiment/parse.hpp"
#include "run/experiment_run.hpp"
#include "run/workload.hpp"
#include "temp_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/wait.h>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace std::chrono_literals;

namespace {

policies::PluginPath shipped() {
    return policies::PluginPath({XFS_TEST_PLUGINS});
}

std::string const small_swarm = R"(name = "small"
seeds = 2
[[peers]]
role = "seed"
up = "100Mbit/s"
down = "100Mbit/s"
[[peers]]
name = "sinks"
count = 4
up = {uniform = ["1MB/s", "10MB/s"]}
down = "100Mbit/s"
[content]
size = "8M"
)";

std::string const two_policies_of_it = R"([[policy]]
name = "usual"
[[policy]]
name = "any"
select = "random"
)";

experiment::Experiment parsed(std::string const& text) {
    auto const read = experiment::parse(text, "test.toml");
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return *read;
}

std::string content_of(std::filesystem::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    REQUIRE(stream);
    return {std::istreambuf_iterator<char>(stream), {}};
}

bool run_is_complete(results::Run const& run) {
    return std::ranges::all_of(run.peers,
                               [](auto const& peer) { return !peer.counts || peer.completed; });
}

run::Request request_of(std::filesystem::path const& dir, std::string const& text) {
    auto const file = dir / "experiment.toml";
    std::ofstream(file) << text;
    run::Request request;
    request.file = file;
    request.out = dir / "out";
    request.at_once = 1;
    request.time_limit = 60s;
    return request;
}

}  // namespace

TEST_CASE(
    "a swarm on a platform takes the time that its links take, and latencies those of its paths") {
    xfsbus::test::TempDir const dir;
    std::ofstream(dir.path() / "p.xml") << R"(<platform version="4.1">
<cluster id="c" prefix="h" suffix="" radical="0-4" speed="1f" bw="100MBps" lat="5ms" bb_bw="4MBps" bb_lat="0us"/>
</platform>)";
    std::ofstream(dir.path() / "x.toml") << R"(name = "n"
seeds = 1
[platform]
file = "p.xml"
[[peers]]
role = "seed"
[[peers]]
count = 4
serves = false
[content]
size = "8M"
)";
    auto const experiment = experiment::read(dir.path() / "x.toml");
    INFO((experiment ? "" : experiment.error().message));
    REQUIRE(experiment);
    auto const result = run::simulate(*experiment, 0, 1, shipped());
    REQUIRE(run_is_complete(result));
    // Four copies pass the backbone.
    constexpr double least = 4 * 8 * 1024.0 * 1024 / 4e6;
    double last = 0;
    for (auto const& peer : result.peers) {
        last = std::max(
            last, peer.completed ? std::chrono::duration<double>(*peer.completed).count() : 0);
        CHECK((!peer.counts || peer.first_chunk > wire::Duration(20ms)));
    }
    CHECK(last >= least);
    CHECK(last <= 1.05 * least);
}

TEST_CASE("a simulated run has each peer's times and bytes") {
    auto const experiment = parsed(small_swarm);
    auto const result = run::simulate(experiment, 0, 1, shipped());
    REQUIRE(result.peers.size() == 5);
    CHECK_FALSE(result.peers[0].counts);
    CHECK(result.peers[0].bytes_up >= experiment.content.bytes);
    CHECK(result.bytes_of_seeds == result.peers[0].bytes_up);
    for (std::size_t peer = 1; peer < 5; ++peer) {
        CHECK(result.peers[peer].counts);
        REQUIRE(result.peers[peer].completed);
        CHECK(*result.peers[peer].completed > *result.peers[peer].first_chunk);
        CHECK(result.peers[peer].bytes_down == experiment.content.bytes);
        CHECK(result.peers[peer].failure.empty());
    }
}

TEST_CASE("a simulated run is the same again, and another with another seed") {
    auto const experiment = parsed(small_swarm);
    auto const first = run::simulate(experiment, 0, 1, shipped());
    CHECK(first == run::simulate(experiment, 0, 1, shipped()));
    CHECK_FALSE(first == run::simulate(experiment, 0, 2, shipped()));
}

TEST_CASE("who crashes before it has the file does not count") {
    auto const experiment = parsed(small_swarm + "[churn]\ncrash = 1000\n");
    auto const result = run::simulate(experiment, 0, 1, shipped());
    for (std::size_t peer = 1; peer < 5; ++peer) {
        CHECK_FALSE(result.peers[peer].counts);
        CHECK(result.peers[peer].failure == "crashed");
    }
}

TEST_CASE("who has not got the file when the time is over is told") {
    auto const experiment = parsed("stop = \"100ms\"\n" + small_swarm);
    auto const result = run::simulate(experiment, 0, 1, shipped());
    CHECK(result.peers[1].counts);
    CHECK_FALSE(result.peers[1].completed);
    CHECK(result.peers[1].failure == "not complete when the run ended");
}

TEST_CASE("a group's own policy decides for that group") {
    auto text = small_swarm;
    text.replace(text.find("name = \"sinks\""), 14, "name = \"sinks\"\npolicy = \"worst\"");
    text += "[fetching]\nplaces = 1\n" + two_policies_of_it;
    auto const experiment = parsed(text);
    CHECK(run::simulate(experiment, 0, 1, shipped()) == run::simulate(experiment, 1, 1, shipped()));
}

TEST_CASE("a policy in Python simulates as the same rule in C++, and ends with the run") {
    xfsbus::test::TempDir const dir;
    auto const file = dir.path() / "mine.py";
    std::ofstream(file)
        << "def pick(request, sources, rng):\n"
           "    return min(range(len(sources)),\n"
           "               key=lambda i: sources[i].latency_ms + 10 * sources[i].load)\n";
    auto const experiment = parsed(small_swarm +
                                   "[[policy]]\nname = \"native\"\nselect = \"loadlatency\"\n"
                                   "[[policy]]\nname = \"mine\"\nselect = \"python:file=" +
                                   file.string() + "\"\n");
    CHECK(run::simulate(experiment, 0, 1, shipped()) == run::simulate(experiment, 1, 1, shipped()));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a class of Python that states the default's rule has the default's results, each time") {
    xfsbus::test::TempDir const dir;
    auto const file = dir.path() / "several.py";
    std::ofstream(file) << "class Other:\n"
                           "    def pick(self, request, sources, rng):\n"
                           "        return 0\n"
                           "class Lowest:\n"
                           "    def cost(self, source):\n"
                           "        return source.latency_ms + 10 * source.load\n"
                           "    def pick(self, request, sources, rng):\n"
                           "        return min(range(len(sources)),\n"
                           "                   key=lambda i: self.cost(sources[i]))\n";
    auto const results = [&](std::string const& select, char const* out) {
        auto request = request_of(
            dir.path(), small_swarm + "[[policy]]\nname = \"rule\"\nselect = \"" + select + "\"\n");
        request.out = dir.path() / out;
        auto const done = run::run_experiment(request, shipped());
        INFO((done ? "" : done.error().message));
        REQUIRE(done);
        CHECK(done->failed == 0);
        return content_of(request.out / "results.csv");
    };
    auto const python = "python:file=" + file.string() + ",class=Lowest";
    auto const usual = results("loadlatency", "usual");
    CHECK(results(python, "first") == usual);
    CHECK(results(python, "again") == usual);
}

TEST_CASE("what a decision takes is told of each policy, in Python and in C++") {
    xfsbus::test::TempDir const dir;
    auto const request =
        request_of(dir.path(), small_swarm +
                                   "[[policy]]\nname = \"usual\"\n"
                                   "[[policy]]\nname = \"mine\"\nselect = \"python\"\n");
    auto const done = run::run_experiment(request, shipped());
    REQUIRE(done);
    CHECK_THAT(done->decisions, ContainsSubstring("a decision took "));
    CHECK_THAT(done->decisions, ContainsSubstring(" us (usual), "));
    CHECK_THAT(done->decisions, ContainsSubstring(" us (mine)\n"));
    CHECK(done->table.find("a decision") == std::string::npos);
    auto const timings = content_of(request.out / "timings.csv");
    CHECK_THAT(timings, ContainsSubstring(",decisions,decision_us\r\n"));
    CHECK(timings.find(",0,0.000") == std::string::npos);
}

TEST_CASE("results are the same bytes however many run at once") {
    xfsbus::test::TempDir const dir;
    auto request = request_of(dir.path(), small_swarm + two_policies_of_it);
    auto const alone = run::run_experiment(request, shipped());
    INFO((alone ? "" : alone.error().message));
    REQUIRE(alone);
    CHECK(alone->failed == 0);
    request.out = dir.path() / "other";
    request.at_once = 4;
    std::string told;
    request.tell = [&](std::string const& line) { told = line; };
    auto const beside = run::run_experiment(request, shipped());
    REQUIRE(beside);
    CHECK_THAT(told, ContainsSubstring("4 of 4 runs, 0 under way"));
    CHECK(alone->table == beside->table);
    for (char const* const file : {"results.csv", "summary.json", "report.html"}) {
        INFO(file);
        CHECK(content_of(dir.path() / "out" / file) == content_of(request.out / file));
    }
    CHECK_THAT(content_of(request.out / "timings.csv"), ContainsSubstring("any,,2,"));
    CHECK_THAT(beside->decisions, ContainsSubstring("a decision took "));
    CHECK_THAT(beside->decisions, ContainsSubstring(" us (any)"));
    CHECK_FALSE(run::run_experiment(request, shipped()));
    request.force = true;
    CHECK(run::run_experiment(request, shipped()));
}

TEST_CASE("what is wrong with an experiment is told before anything is run or written") {
    xfsbus::test::TempDir const dir;

    struct Case {
        std::string text;
        Errc code;
        std::string said;
    };

    for (auto const& each : std::vector<Case>{
             {"name = 1", Errc::usage, "experiment.toml:1: name: must be a text"},
             {small_swarm + "[[policy]]\nname = \"p\"\nselect = \"nosuch\"\n", Errc::plugin,
              "[[policy]] p: "},
             {small_swarm + "[[policy]]\nname = \"p\"\nselect = \"loadlatency:no=1\"\n",
              Errc::plugin, "[[policy]] p: "},
             {small_swarm + "[[policy]]\nname = \"p\"\nselect = \"sha256\"\n", Errc::plugin,
              "[[policy]] p: "},
         }) {
        auto const request = request_of(dir.path(), each.text);
        auto const done = run::run_experiment(request, shipped());
        REQUIRE_FALSE(done);
        CHECK(done.error().code == each.code);
        CHECK_THAT(done.error().message, ContainsSubstring(each.said));
        CHECK_FALSE(std::filesystem::exists(request.out));
    }
}

TEST_CASE("a plug-in of another kind than its key says is refused with a word") {
    for (auto const* key : {"select", "chunk-order", "upload-choice", "handout"}) {
        INFO(key);
        auto const refused =
            run::check(parsed(small_swarm + "[[policy]]\nname = \"p\"\n" + key + " = \"sha256\"\n"),
                       shipped());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::plugin);
        CHECK_THAT(refused.error().message, ContainsSubstring("[[policy]] p: "));
        CHECK_THAT(refused.error().message, ContainsSubstring("sha256"));
    }
}

TEST_CASE("chunk orders, upload choices and handouts are simulated as they are shipped") {
    // Many sinks with few places each: whom the tracker names matters, too.
    auto const swarm =
        std::string(small_swarm).replace(small_swarm.find("count = 4"), 9, "count = 80") +
        "[fetching]\nplaces = 2\n[[policy]]\nname = \"p\"\n";
    auto const usual = run::simulate(parsed(swarm), 0, 1, shipped());
    for (auto const* line : {"chunk-order = \"sequential\"", "upload-choice = \"titfortat\"",
                             "handout = \"completefirst\""}) {
        INFO(line);
        auto const other = run::simulate(parsed(swarm + line + "\n"), 0, 1, shipped());
        CHECK(run_is_complete(other));
        CHECK_FALSE(other == usual);
    }
}

TEST_CASE("what goes between racks is counted, and a link of all racks together limits it") {
    auto const racks = small_swarm +
                       "[[peers]]\nname = \"far\"\nrack = 2\nup = \"1MB/s\"\n"
                       "down = \"100Mbit/s\"\n[network]\ncore-link = ";
    auto const thin = run::simulate(parsed(racks + "\"200kB/s\"\n"), 0, 1, shipped());
    auto const wide = run::simulate(parsed(racks + "\"1GB/s\"\n"), 0, 1, shipped());
    REQUIRE(run_is_complete(thin));
    auto const far = thin.peers.back();
    constexpr double seconds = 8 * 1024 / 200.0;  // MiB over KiB/s
    CHECK(std::chrono::duration<double>(*far.completed).count() >= seconds);
    CHECK(*wide.peers.back().completed < *far.completed / 2);
    CHECK(thin.bytes_between_racks.at({0, 2}) >= 8U * 1024 * 1024);
}
