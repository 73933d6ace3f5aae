#include "catch.hpp"
#include "refusal.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>

#include <algorithm>
#include <fstream>

#include <unistd.h>

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

TEST_CASE("Every place that is searched is absolute, and none follows from the current directory") {
    TempDir const dir;
    WorkingDirectory const here(dir.path());
    auto const here_now = fs::current_path();
    for (auto const& directory : PluginPath({}, "").directories()) {
        INFO(directory);
        CHECK(directory.is_absolute());
        CHECK_FALSE(directory.string().starts_with(here_now.string()));
    }
}

TEST_CASE("A relative directory in the environment is refused, as nobody can say where it is") {
    for (auto const* environment : {"plugins", ".", "/opt/x:plugins", "../x:/opt/x"}) {
        INFO(environment);
        auto const reason = refusal([&] { return PluginPath({}, environment).directories(); });
        CHECK(contains(reason, "XFS_PLUGIN_PATH names it, and it is not absolute; write "));
    }
}

TEST_CASE("A relative directory that a user names is taken from the current one of that time") {
    TempDir const dir;
    auto const file = make_file(dir.path() / "sub" / "libnear.so");
    auto const path = [&] {
        WorkingDirectory const here(dir.path());
        return PluginPath({"sub"});
    }();
    CHECK(fs::equivalent(path.find("near"), file));
}

TEST_CASE("What a search finds where anybody may write is refused, but not if it is named whole") {
    TempDir const dir;
    auto const file = make_file(dir.path() / "open" / "libnear.so");
    auto const directory = file.parent_path();
    fs::create_directories(dir.path() / "links");
    fs::create_symlink(file, dir.path() / "links" / "libnear.so");
    auto const all = GENERATE(fs::perms::all, fs::perms::all | fs::perms::sticky_bit);
    fs::permissions(directory, all);
    for (auto const& searched : {directory, dir.path() / "links"}) {
        INFO(searched);
        auto const reason = refusal([&] { return PluginPath({searched}).find("near"); });
        CHECK(contains(reason, "anybody may write to " + directory.string() +
                                   ", so it cannot be trusted; mend that, or name the plug-in"));
        CHECK(refusal([&] { return PluginPath({searched}).find_for_stranger("near"); }) == reason);
    }
    CHECK(PluginPath({directory}).find(file.string()) == file);
    fs::permissions(directory, fs::perms::owner_all);
    CHECK(PluginPath({directory}).find("near") == file);
}

TEST_CASE("What a search finds in another user's directory is refused") {
    if (::geteuid() != 0) {
        return;  // only root can give files away
    }
    TempDir const dir;
    auto const file = make_file(dir.path() / "theirs" / "libnear.so");
    REQUIRE(::chown(file.parent_path().c_str(), 12345, 0) == 0);
    auto const find = [&] { return PluginPath({file.parent_path()}).find("near"); };
    CHECK(
        contains(refusal(find), file.parent_path().string() + " belongs to another user (12345)"));
    REQUIRE(::chown(file.parent_path().c_str(), 0, 0) == 0);
    REQUIRE(::chown(file.c_str(), 12345, 0) == 0);
    CHECK(contains(refusal(find), file.string() + " belongs to another user (12345)"));
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
