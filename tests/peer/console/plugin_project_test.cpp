#include "plugin_project.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <fstream>
#include <iterator>

using namespace xfsbus::console;
using xfsbus::Errc;
using xfsbus::test::TempDir;

namespace fs = std::filesystem;

namespace {

std::string text_of(fs::path const& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("A new plug-in's project has a source, a build and a page, which name it") {
    TempDir const dir;
    auto const kind = GENERATE(as<std::string>{}, "peer-selection", "chunk-order", "upload-choice",
                               "handout", "integrity");
    auto const [language, suffix] =
        GENERATE(table<std::string, std::string>({{"c++", ".cpp"}, {"c", ".c"}, {"rust", ".rs"}}));
    auto const written = write_project({"mine", kind, language}, dir.path());
    REQUIRE(written);
    CHECK(*written == dir.path() / "mine");
    for (auto const& name :
         {"mine" + suffix, std::string("CMakeLists.txt"), std::string("README.md")}) {
        auto const text = text_of(*written / name);
        INFO(name);
        CHECK(text.find("mine") != std::string::npos);
        CHECK(text.find('@') == std::string::npos);
    }
    CHECK(text_of(*written / "README.md").find(kind) != std::string::npos);
}

TEST_CASE("A project of a kind, a language or a name that there is not is refused, and not begun") {
    TempDir const dir;
    auto const project =
        GENERATE(PluginProject{"mine", "hash", "c++"}, PluginProject{"mine", "integrity", "go"},
                 PluginProject{"../mine", "integrity", "c++"},
                 PluginProject{"Mine", "integrity", "c++"}, PluginProject{"", "integrity", "c++"});
    auto const written = write_project(project, dir.path());
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Errc::usage);
    CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("A project leaves a directory alone that is there, and says so of one it cannot make") {
    TempDir const dir;
    fs::create_directory(dir.path() / "mine");
    CHECK(write_project({"mine", "integrity", "c"}, dir.path()).error().code == Errc::usage);
    CHECK(fs::is_empty(dir.path() / "mine"));
    CHECK(write_project({"mine", "integrity", "c"}, dir.path() / "nowhere").error().code ==
          Errc::disk);
}
