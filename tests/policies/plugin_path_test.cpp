#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>

#include <algorithm>
#include <fstream>

using namespace xfsbus::policies;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

fs::path make_file(fs::path const& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "not a plug-in, but a file";
    return path;
}

/// Changes the current directory for the time of a scope.
class WorkingDirectory {
  public:
    explicit WorkingDirectory(fs::path const& path) { fs::current_path(path); }

    ~WorkingDirectory() { fs::current_path(before_); }

    WorkingDirectory(WorkingDirectory const&) = delete;
    WorkingDirectory& operator=(WorkingDirectory const&) = delete;
    WorkingDirectory(WorkingDirectory&&) = delete;
    WorkingDirectory& operator=(WorkingDirectory&&) = delete;

  private:
    fs::path before_ = fs::current_path();
};

}  // namespace

TEST_CASE("A plug-in is found by its bare name, by its library name and by its file name") {
    TempDir const dir;
    auto const file = make_file(dir.path() / "libnear.so");
    PluginPath const path({dir.path()});
    CHECK(path.find("near") == file);
    CHECK(path.find("libnear") == file);
    CHECK(path.find("libnear.so") == file);
}

TEST_CASE("A plug-in whose bare name begins with lib is found") {
    TempDir const dir;
    auto const file = make_file(dir.path() / "libliberal.so");
    CHECK(PluginPath({dir.path()}).find("liberal") == file);
}

TEST_CASE("A name with a slash is that file and no other") {
    TempDir const dir;
    auto const file = make_file(dir.path() / "sub" / "libnear.so");
    PluginPath const path({dir.path()});
    CHECK(path.find(file.string()) == file);
    auto const wanted = (dir.path() / "sub" / "near").string();
    CHECK(refusal([&] { return path.find(wanted); }).find("not found, tried " + wanted + ";") !=
          std::string::npos);
    CHECK(contains(refusal([&] { return path.find("sub/libnear.so"); }), "not found"));
}

TEST_CASE("Directories are searched in the order given, then environment, then installed") {
    TempDir const dir;
    auto const first = make_file(dir.path() / "first" / "libnear.so");
    auto const second = make_file(dir.path() / "second" / "libnear.so");
    auto const third = make_file(dir.path() / "third" / "libfar.so");
    auto const environment = second.parent_path().string() + ":" + third.parent_path().string();
    PluginPath const path({first.parent_path()}, environment);
    CHECK(path.find("near") == first);
    CHECK(path.find("far") == third);
    CHECK(PluginPath({}, environment).find("near") == second);

    REQUIRE(path.directories().size() >= 4);
    auto const program = fs::canonical("/proc/self/exe");
    auto const beside = program.parent_path().parent_path();
    CHECK(contains(path.directories()[3].string(), beside.string()));
    CHECK(contains(path.directories()[3].string(), "xfsbus/plugins"));
}

TEST_CASE("A plug-in that is missing is refused with every path that was tried") {
    TempDir const dir;
    PluginPath const path({dir.path() / "a", dir.path() / "b"});
    auto const reason = refusal([&] { return path.find("near"); });
    CHECK(reason == "plug-in 'near': not found, tried " + (dir.path() / "a/libnear.so").string() +
                        ", " + (dir.path() / "b/libnear.so").string() +
                        "; install it, or say where it is: as a path with '/', with "
                        "--plugin-dir, or in XFS_PLUGIN_PATH");
    CHECK(contains(refusal([&] { return path.find(""); }), "not found;"));
}

TEST_CASE("The current directory is not searched") {
    TempDir const dir;
    TempDir const elsewhere;
    make_file(dir.path() / "libnear.so");
    WorkingDirectory const here(dir.path());
    CHECK(contains(refusal([&] { return PluginPath({elsewhere.path()}).find("libnear.so"); }),
                   "not found"));
    for (auto const* environment : {"", ":", "::"}) {
        PluginPath const path({}, environment);
        auto const& directories = path.directories();
        CHECK(std::count(directories.begin(), directories.end(), fs::current_path()) == 0);
    }
}

TEST_CASE("A directory with a plug-in's name is passed over") {
    TempDir const dir;
    fs::create_directories(dir.path() / "a" / "libnear.so");
    auto const file = make_file(dir.path() / "b" / "libnear.so");
    CHECK(PluginPath({dir.path() / "a", dir.path() / "b"}).find("near") == file);
}

TEST_CASE("A directory given twice is searched once, where it came first") {
    PluginPath const path({"/opt/x", "/opt/y", "/opt/y/../x"});
    CHECK(path.directories() == std::vector<fs::path>{"/opt/x", "/opt/y"});
}
