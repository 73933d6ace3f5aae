// The folder of results: what is in it while a run is under way, and what a killed one leaves.
#include "results/out_folder.hpp"

#include "../waiting_process.hpp"
#include "catch.hpp"
#include "results/compare.hpp"
#include "temp_dir.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::lab::results;
using xfsbus::lab::test::WaitingProcess;

namespace {

std::string text_in(std::filesystem::path const& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Begins to write results there, and does not come to its end.
void write_half(std::filesystem::path const& folder) {
    auto opened = OutFolder::open(folder, true);
    if (!opened || !opened->write("results.csv", "half") || !opened->write("summary.json", "{}")) {
        ::_exit(1);
    }
    std::ofstream(folder / "report.html.new") << "half";
    static_cast<void>(new OutFolder(std::move(opened).value()));  // lives as long as the process
}

}  // namespace

TEST_CASE("results are not written over others unless that is asked for") {
    xfsbus::test::TempDir const dir;
    auto const folder = dir.path() / "new" / "results";
    for (int i = 0; i < 2; ++i) {
        auto opened = OutFolder::open(folder, i > 0);
        REQUIRE(opened);
        CHECK(opened->found().empty());
        CHECK(opened->write("results.csv", "one"));
        CHECK(opened->write("results.csv", std::to_string(i)));
        CHECK(opened->finish());
        CHECK(text_in(folder / "results.csv") == std::to_string(i));
    }
    auto const refused = OutFolder::open(folder, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
    CHECK_THAT(refused.error().message, ContainsSubstring("is not empty"));
    CHECK(OutFolder::open(folder / "results.csv", true).error().code == Errc::disk);
}

TEST_CASE("older results are gone before new ones come, and nothing else is") {
    xfsbus::test::TempDir const dir;
    for (auto const* const name : {"results.csv", "summary.json", "mine.txt"}) {
        std::ofstream(dir.path() / name) << "old";
    }
    auto const opened = OutFolder::open(dir.path(), true);
    REQUIRE(opened);
    CHECK_FALSE(std::filesystem::exists(dir.path() / "results.csv"));
    CHECK_FALSE(std::filesystem::exists(dir.path() / "summary.json"));
    CHECK(text_in(dir.path() / "mine.txt") == "old");
}

TEST_CASE("what a killed run has left is no result, and the next run says so and begins anew") {
    xfsbus::test::TempDir const dir;
    auto const folder = dir.path() / "out";
    WaitingProcess process([&] { write_half(folder); });
    SECTION("while it is under way nobody else writes there") {
        auto const second = OutFolder::open(folder, true);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == Errc::usage);
        CHECK_THAT(second.error().message, ContainsSubstring("another xfs-lab is at work there"));
        auto const compared = compare({folder}, {folder});
        REQUIRE_FALSE(compared);
        CHECK_THAT(compared.error().message, ContainsSubstring("its run is still under way"));
    }
    process.kill();
    auto const compared = compare({folder}, {folder});
    REQUIRE_FALSE(compared);
    CHECK(compared.error().code == Errc::usage);
    CHECK_THAT(compared.error().message,
               ContainsSubstring("its run was killed before it was done; run it"));
    auto next = OutFolder::open(folder, false);
    REQUIRE(next);
    CHECK_THAT(next->found(),
               ContainsSubstring("a run that was killed has left this folder unfinished"));
    CHECK_FALSE(std::filesystem::exists(folder / "results.csv"));
    CHECK_FALSE(std::filesystem::exists(folder / "report.html.new"));
    CHECK(next->finish());
    CHECK(std::filesystem::is_empty(folder));
    auto const clean = OutFolder::open(folder, false);
    REQUIRE(clean);
    CHECK(clean->found().empty());
}
