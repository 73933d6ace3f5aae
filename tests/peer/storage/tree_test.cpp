#include "disk_fixture.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

std::string read(files::Fd const& fd) {
    std::array<char, 256> buffer{};
    auto const size = ::pread(fd.get(), buffer.data(), buffer.size(), 0);
    REQUIRE(size >= 0);
    return {buffer.data(), static_cast<std::size_t>(size)};
}

std::string read(Result<files::Fd> const& file) {
    REQUIRE(file);
    return read(*file);
}

void refuses(Result<files::Fd> const& file, std::string const& why) {
    REQUIRE_FALSE(file);
    CHECK(file.error().code == Errc::disk);
    CHECK_THAT(file.error().message, ContainsSubstring(why));
}

/// Makes a file in the place, as a download does.
void make(Place const& place) {
    files::Fd const fd(
        ::openat(place.directory->get(), place.leaf.c_str(), O_CREAT | O_WRONLY, 0666));
    REQUIRE(fd);
}

}  // namespace

TEST_CASE("a tree opens a directory, also over a link, and nothing else") {
    TempDisk disk;
    write(disk.root / "file", "x");
    fs::create_directory(disk.root / "dir");
    fs::create_directory_symlink("dir", disk.root / "link");
    CHECK(Tree::open(disk.root / "dir"));
    CHECK(Tree::open(disk.root / "link"));
    for (auto const* name : {"file", "missing"}) {
        auto const tree = Tree::open(disk.root / name);
        REQUIRE_FALSE(tree);
        CHECK(tree.error().code == Errc::disk);
        CHECK_THAT(tree.error().message, ContainsSubstring(name));
    }
}

TEST_CASE("files are opened at any depth") {
    TempDisk disk;
    fs::create_directories(disk.root / "a/b/c");
    write(disk.root / "top", "1");
    write(disk.root / "a/one", "2");
    write(disk.root / "a/b/c/deep", "3");
    CHECK(read(disk.tree->open_file("top")) == "1");
    CHECK(read(disk.tree->open_file("a/one")) == "2");
    CHECK(read(disk.tree->open_file("a/b/c/deep")) == "3");
    refuses(disk.tree->open_file("a/b/missing"), "No such file");
    refuses(disk.tree->open_file("x/y"), "No such file");
    refuses(disk.tree->open_file("top/y"), "no directory");
}

TEST_CASE("no link is followed at any level, wherever it leads") {
    TempDisk disk;
    TempDisk outside;
    write(outside.root / "secret", "s");
    fs::create_directories(disk.root / "real/sub");
    write(disk.root / "real/sub/file", "f");
    auto const to = GENERATE(0, 1);
    fs::path const aim = to == 0 ? outside.root : disk.root / "real/sub";
    std::string const leaf = to == 0 ? "secret" : "file";
    fs::create_directory_symlink(aim, disk.root / "link");
    fs::create_directory_symlink(aim, disk.root / "real/link");
    fs::create_symlink(aim / leaf, disk.root / "leaf");
    fs::create_symlink(aim / leaf, disk.root / "real/sub/leaf");
    for (auto const& name :
         {"link/" + leaf, "real/link/" + leaf, std::string("leaf"), std::string("real/sub/leaf")}) {
        INFO(name);
        refuses(disk.tree->open_file(name), "symbolic link");
    }
    for (auto const* name : {"link/new", "real/link/new", "link/sub/new"}) {
        INFO(name);
        auto const place = disk.tree->place(name, Tree::Make::yes);
        REQUIRE_FALSE(place);
        CHECK(place.error().code == Errc::disk);
    }
    CHECK_FALSE(fs::exists(aim / "sub"));
}

TEST_CASE("a directory that is swapped for a link is not followed, though it was used before") {
    TempDisk disk;
    TempDisk outside;
    write(outside.root / "file", "secret");
    auto const name = GENERATE(as<std::string>{}, "a", "a/b");
    fs::create_directories(disk.root / "a/b");
    write(disk.root / name / "file", "mine");
    CHECK(read(disk.tree->open_file(name + "/file")) == "mine");
    fs::rename(disk.root / "a", disk.root / "old");
    fs::create_directories(disk.root / fs::path(name).parent_path());
    fs::create_directory_symlink(outside.root, disk.root / name);
    refuses(disk.tree->open_file(name + "/file"), "symbolic link");
    CHECK_FALSE(disk.tree->place(name + "/new", Tree::Make::yes));
}

TEST_CASE("a directory that was moved away is not written to: its name means the new one") {
    TempDisk disk;
    TempDisk outside;
    auto const name = GENERATE(as<std::string>{}, "a", "a/b");
    make(disk.tree->place(name + "/first", Tree::Make::yes).value());
    fs::rename(disk.root / "a", outside.root / "a");
    make(disk.tree->place(name + "/second", Tree::Make::yes).value());
    CHECK(fs::exists(disk.root / name / "second"));
    CHECK(fs::exists(outside.root / name / "first"));
    CHECK_FALSE(fs::exists(outside.root / name / "second"));
}

TEST_CASE("a directory that was removed is made again") {
    TempDisk disk;
    make(disk.tree->place("a/b/first", Tree::Make::yes).value());
    fs::remove_all(disk.root / "a");
    CHECK_FALSE(disk.tree->place("a/b/x", Tree::Make::no));
    make(disk.tree->place("a/b/second", Tree::Make::yes).value());
    CHECK(fs::exists(disk.root / "a/b/second"));
}

TEST_CASE("names of every awkward kind are taken as they are") {
    TempDisk disk;
    std::vector<std::string> const names = {" ",
                                            "-rf",
                                            "a b",
                                            "*",
                                            "?",
                                            "[a]",
                                            "~",
                                            "$HOME",
                                            "`id`",
                                            "a;b",
                                            "a\\b",
                                            "\"",
                                            "'",
                                            ".hidden",
                                            "...",
                                            "a..b",
                                            "%s%n",
                                            "#",
                                            "&",
                                            "CON",
                                            "a:b",
                                            "|",
                                            "!",
                                            "\xc3\xa4\xe2\x82\xac",
                                            "\xf0\x9f\x98\x80",
                                            std::string(255, 'x')};
    for (auto const& name : names) {
        INFO(name);
        for (auto const& path : {name, name + "_d/" + name}) {
            if (name.size() == 255 && path != name) {
                continue;
            }
            make(disk.tree->place(path, Tree::Make::yes).value());
            write(disk.root / path, name);
            CHECK(read(disk.tree->open_file(path)) == name);
        }
    }
}

TEST_CASE("a name that is too long for the file system is an error, not a crash") {
    TempDisk disk;
    refuses(disk.tree->open_file(std::string(256, 'x')), "cannot open");
    CHECK_FALSE(disk.tree->place(std::string(256, 'x') + "/a", Tree::Make::yes));
}

TEST_CASE("only regular files are opened, and nothing blocks") {
    TempDisk disk;
    fs::create_directory(disk.root / "dir");
    REQUIRE(::mkfifo((disk.root / "fifo").c_str(), 0666) == 0);
    files::Fd const socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto const path = (disk.root / "socket").string();
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    refuses(disk.tree->open_file("dir"), "not a regular file");
    refuses(disk.tree->open_file("fifo"), "not a regular file");
    refuses(disk.tree->open_file("socket"), "cannot open");
}

TEST_CASE("a file that is too large is told from a disk that is full, with the limit to look at") {
    auto const error = disk_error("cannot write", "big", EFBIG);
    CHECK(error.code == Errc::disk);
    CHECK(error.message ==
          "cannot write 'big': it is larger than the file size limit of this process (ulimit -f) "
          "or of the file system");
}
