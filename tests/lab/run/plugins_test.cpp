// Plug-ins as the peers of one run have them.
#include "run/plugins.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

using namespace xfsbus;
using namespace xfsbus::lab;

namespace {

std::ptrdiff_t lines_in(std::filesystem::path const& file) {
    std::ifstream stream(file);
    return std::count(std::istreambuf_iterator<char>(stream), {}, '\n');
}

}  // namespace

TEST_CASE("each simulated peer has states of its own") {
    xfsbus::test::TempDir const dir;
    auto const mark = dir.path() / "mark";  // a line for each state that has ended
    ::setenv("XFS_TEST_MARK", mark.c_str(), 1);
    {
        run::Plugins plugins(policies::PluginPath({XFS_TEST_BAD_PLUGINS}),
                             [] { return std::chrono::nanoseconds(0); });
        auto const one = plugins.selector("stateful", "", 1);
        auto const other = plugins.selector("stateful", "", 2);
    }
    // The thread that loaded it may hold on to it a moment longer.
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (lines_in(mark) < 2 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    CHECK(lines_in(mark) == 2);
    ::unsetenv("XFS_TEST_MARK");
}
