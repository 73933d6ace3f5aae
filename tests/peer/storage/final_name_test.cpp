#include "storage/final_name.hpp"

#include "disk_fixture.hpp"
#include "faults.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;

namespace {

/// A file system that can neither rename without replacing nor link; the end of the program comes
/// before the n-th call that changes anything.
class Fat final : public files::Faults {
  public:
    explicit Fat(std::size_t calls = ~std::size_t{0}) : left_(calls) { files::set_faults(this); }

    ~Fat() override { files::set_faults(nullptr); }

    Fat(Fat const&) = delete;
    Fat& operator=(Fat const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        if (call == "renameat2" && !std::exchange(renamed_, true)) {
            return {EINVAL};
        }
        if (call == "linkat") {
            return {EPERM};
        }
        bool const changes =
            call == "openat" || call == "pwrite" || call == "renameat2" || call == "unlinkat";
        if (changes && left_ == 0) {
            return {EIO};  // and all that follow, as if nothing were done any more
        }
        left_ -= changes ? 1 : 0;
        return {};
    }

    [[nodiscard]] bool ended() const { return left_ == 0; }

  private:
    std::size_t left_;
    bool renamed_ = false;
};

struct Directory {
    TempDisk disk;
    Place place = disk.tree->place("x", Tree::Make::no).value();
    TemporaryNames names{four().content, "file"};

    int give(bool replace = false) const {
        return give_name(place.directory->get(), names, "file", replace);
    }

    [[nodiscard]] fs::path file() const { return disk.root / "file"; }

    [[nodiscard]] fs::path part() const { return disk.root / names.part; }

    [[nodiscard]] fs::path claim() const { return disk.root / names.claim; }
};

}  // namespace

TEST_CASE("a name is given where nothing but a claim keeps others from it") {
    Directory const here;
    write(here.part(), "bytes");
    Fat const fat;
    CHECK(here.give() == 0);
    CHECK(read(here.file()) == "bytes");
    CHECK(here.disk.temporaries().empty());
}

TEST_CASE("a file that has the name keeps it where a claim is needed, and no claim is left") {
    Directory const here;
    write(here.part(), "bytes");
    write(here.file(), "other");
    Fat const fat;
    CHECK(here.give() == EEXIST);
    CHECK(read(here.file()) == "other");
    CHECK(here.disk.temporaries() == std::vector{here.part()});
}

TEST_CASE("whenever a program ends that has claimed a name, the next run removes what it left") {
    for (std::size_t calls = 0;; ++calls) {
        CAPTURE(calls);
        Directory const here;
        write(here.part(), "bytes");
        std::optional<Fat> fat(calls);
        bool const given = here.give() == 0;
        bool const ended = fat->ended();
        fat.reset();
        if (!ended) {
            CHECK(given);
            CHECK(calls >= 4);
            return;
        }
        bool const empty = fs::exists(here.file()) && fs::file_size(here.file()) == 0;
        CHECK((!empty || fs::exists(here.claim())));
        CHECK(release_claim(here.place.directory->get(), here.names) == 0);
        CHECK_FALSE(fs::exists(here.claim()));
        if (fs::exists(here.file())) {
            CHECK(read(here.file()) == "bytes");
        } else {
            CHECK(read(here.part()) == "bytes");
        }
    }
}

TEST_CASE("a claimed name is released although files have other numbers since then") {
    Directory const here;
    write(here.part(), "bytes");
    std::optional<Fat> fat(4);  // two files are made and written to; there is no rename any more
    REQUIRE(here.give() != 0);
    fat.reset();
    REQUIRE(fs::exists(here.claim()));
    REQUIRE(fs::exists(here.file()));
    auto const time = fs::last_write_time(here.file());
    fs::rename(here.file(), here.disk.root / "as it was");  // keeps its number
    write(here.file(), "");
    fs::last_write_time(here.file(), time);
    CHECK(release_claim(here.place.directory->get(), here.names) == 0);
    CHECK_FALSE(fs::exists(here.file()));
    CHECK_FALSE(fs::exists(here.claim()));
}

TEST_CASE("what somebody else has put under a claimed name stays") {
    Directory const here;
    std::string left = GENERATE(as<std::string>(), "", "theirs");
    write(here.claim(), "file\nmarked\n");
    write(here.file(), left);
    CHECK(release_claim(here.place.directory->get(), here.names) == 0);
    CHECK(read(here.file()) == left);
    CHECK(fs::exists(here.file()));
    CHECK_FALSE(fs::exists(here.claim()));
}

TEST_CASE("a claim that leads out of its directory, or is no claim, touches nothing") {
    Directory const here;
    auto const text = GENERATE(as<std::string>(), "", "../victim\n1\n", "no end", "\n1\n");
    write(here.claim(), text);
    write(here.disk.root / "victim", "");
    CHECK(release_claim(here.place.directory->get(), here.names) == 0);
    CHECK(fs::exists(here.disk.root / "victim"));
    CHECK_FALSE(fs::exists(here.claim()));
}
