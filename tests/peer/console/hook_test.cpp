#include "hook.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace xfsbus;
using namespace xfsbus::console;

namespace {

std::string text_of(std::filesystem::path const& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("A hook sees its variables, whatever stands in them, and an empty stdin") {
    test::TempDir const directory;
    auto const out = directory.path() / "out";
    std::string const name = "a $(touch no) 'b' \"c\" \\n";
    auto const run = run_hook("cat > \"$OUT\"; printf %s \"$XFS_NAME\" >> \"$OUT\"",
                              {{"XFS_NAME", name}, {"OUT", out.string()}}, {});
    CHECK(run);
    CHECK(text_of(out) == name);
}

TEST_CASE("A hook that fails says how it ended") {
    auto const failed = run_hook("exit 3", {}, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message == "the command ended with 3");
    auto const killed = run_hook("kill -9 $$", {}, {});
    REQUIRE_FALSE(killed);
    CHECK(killed.error().message == "the command ended with signal 9");
}

TEST_CASE("A hook is stopped with all that it has begun") {
    test::TempDir const directory;
    auto const begun = directory.path() / "begun";
    std::stop_source stop;
    std::thread stopper([&] {
        while (!std::filesystem::exists(begun)) {
            std::this_thread::yield();
        }
        stop.request_stop();
    });
    auto const run = run_hook("touch \"$BEGUN\"; sleep 1000; true", {{"BEGUN", begun.string()}},
                              stop.get_token());
    stopper.join();
    REQUIRE_FALSE(run);
    CHECK(run.error().code == Errc::interrupted);
}
