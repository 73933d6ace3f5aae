// Runs with programs that only pretend to be a tracker and peers.
#include "live/run.hpp"

#include "experiments.hpp"
#include "temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

using namespace xfsbus;
using namespace xfsbus::lab;
using namespace xfsbus::lab::test;
using namespace std::chrono_literals;

namespace {

std::string const tracker_script = R"(echo "xfs-tracker: ready on $2"
cat > /dev/null
)";

/// Has what it is told to fetch at once, from nobody that the run knows.
std::string const peer_script = R"(echo '{"event":"ready"}'
while read -r line; do
    case "$line" in
        updatelist) echo '{"event":"updated"}' ;;
        download*) echo '{"event":"downloaded","size":1048576,"ok":true,"sources":[]}' ;;
        status) echo '{"event":"status","bytes_sent":5,"downloading":[]}' ;;
    esac
done
)";

std::string const early = "arrives = \"100ms\"";

void write_script(std::filesystem::path const& file, std::string const& text) {
    std::ofstream(file) << "#!/bin/sh\n" << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

/// The three peers, of whom the last comes soon.
experiment::Experiment pretended(std::string text = three_peers) {
    text.replace(text.find("arrives = \"1500ms\""), 18, early);
    return experiment_of(text);
}

struct Programs {
    explicit Programs(std::string const& peer) {
        write_script(dir.path() / "xfs-tracker", tracker_script);
        write_script(dir.path() / "xfs-peer", peer);
        std::filesystem::create_directory(dir.path() / "work");
    }

    [[nodiscard]] results::Run run(experiment::Experiment const& experiment) const {
        return live::run(experiment, 0, 7,
                         {.programs = dir.path(), .work = dir.path() / "work", .plugin_dirs = {}});
    }

    /// Why a run cannot be had; empty: it can.
    [[nodiscard]] std::string trouble(experiment::Experiment const& experiment) const {
        try {
            static_cast<void>(run(experiment));
            return {};
        } catch (std::runtime_error const& error) {
            return error.what();
        }
    }

    xfsbus::test::TempDir dir;
};

}  // namespace

TEST_CASE("a live run tells each peer what the plan says when it says so, and takes its word") {
    Programs const programs(peer_script);
    auto const run = programs.run(pretended());
    REQUIRE(run.peers.size() == 3);
    CHECK(run.peers[0].bytes_up == 5);
    CHECK(run.bytes_of_seeds == 5);
    CHECK_FALSE(run.peers[0].counts);
    REQUIRE(run.peers[1].completed);
    CHECK(*run.peers[1].completed < 100ms);
    REQUIRE(run.peers[2].completed);
    CHECK(*run.peers[2].completed >= 100ms);
    CHECK(run.peers[2].bytes_down == 1024 * 1024);
    CHECK(run.busy);
    CHECK_FALSE(run.peers[1].messages);
    CHECK(std::filesystem::is_empty(programs.dir.path() / "work"));
}

TEST_CASE("who leaves with the content is asked for its figures first, and has not failed") {
    Programs const programs(peer_script);
    auto const run = programs.run(pretended(three_peers + "[churn]\nleave = 1\n"));
    for (std::size_t sink = 1; sink < 3; ++sink) {
        CHECK(run.peers[sink].completed);
        CHECK(run.peers[sink].failure.empty());
        CHECK(run.peers[sink].bytes_up == 5);
    }
}

TEST_CASE("a run with a program that ends has failed, with the last word of its log") {
    Programs const programs("echo '{\"message\":\"the plug-in p has crashed\"}' >&2\n");
    CHECK_THAT(programs.trouble(pretended()),
               ContainsSubstring(" has ended: the plug-in p has crashed"));
    CHECK(std::filesystem::is_empty(programs.dir.path() / "work"));
}

TEST_CASE("a run with a seed that cannot list its content has failed at once, with the reason") {
    auto script = peer_script;
    script.replace(script.find("{\"event\":\"updated\"}"), 19,
                   R"({"event":"error","code":9,"message":"it cannot be read"})");
    CHECK_THAT(Programs(script).trouble(pretended()),
               ContainsSubstring("does not get its content listed: it cannot be read"));
}

TEST_CASE("a run whose time is over says who has not got the content") {
    auto script = peer_script;
    script.replace(script.find("download*"), 9, "never");
    auto text = three_peers;
    text.replace(text.find("\"90s\""), 5, "\"200ms\"");
    auto const run = Programs(script).run(pretended(text));
    for (std::size_t sink = 1; sink < 3; ++sink) {
        CHECK(run.peers[sink].counts);
        CHECK(run.peers[sink].failure == "not complete when the run ended");
    }
}
