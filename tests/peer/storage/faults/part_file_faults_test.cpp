// Each call on the disk that a download makes fails once, in every way.
#include "disk_fixture.hpp"
#include "faults.hpp"
#include "storage/final_name.hpp"

#include <array>
#include <cerrno>
#include <functional>
#include <system_error>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;
using xfsbus::test::disk_faults;
using xfsbus::test::FaultAt;

namespace {

/// What a fault of this kind is called.
std::vector<std::string> words_of(int error) {
    std::vector<std::string> words{std::generic_category().message(error)};
    if (error == EDQUOT) {
        words.emplace_back("the disk quota is used up");
    } else if (error == ENOSPC) {
        words.emplace_back("the disk is full");
    } else if (error == EFBIG) {
        words.emplace_back("larger than the file size limit");
    }
    return words;
}

/// A file system that can neither rename without replacing nor link, like FAT; on top of another
/// fault.
class LikeFat final : public files::Faults {
  public:
    LikeFat(std::size_t number, files::Fault fault) : number_(number), fault_(fault) {
        files::set_faults(this);
    }

    ~LikeFat() override { files::set_faults(nullptr); }

    LikeFat(LikeFat const&) = delete;
    LikeFat& operator=(LikeFat const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        if (call == "renameat2" && !std::exchange(renamed_, true)) {
            return {EINVAL};
        }
        if (call == "linkat") {
            return {EPERM};
        }
        if (count_++ == number_) {
            hit_ = std::string(call);
            return fault_;
        }
        return {};
    }

    [[nodiscard]] std::string const& hit() const { return hit_; }

  private:
    std::size_t number_;
    files::Fault fault_;
    std::size_t count_ = 0;
    bool renamed_ = false;
    std::string hit_;
};

/// A download, as a FileTransfer does it.
Result<swarm::IndexedFile> fetch(PartFile::Target const& target, Sample const& sample) {
    auto const present = PartFile(target).look(never);
    if (!present) {
        return present.error();
    }
    if (*present == PartFile::Present::same) {
        return swarm::IndexedFile{};
    }
    if (*present == PartFile::Present::other && !target.replace && !target.repair) {
        return exists_already(target);
    }
    PartFile part(target);
    auto const chunks = part.open(never);
    if (!chunks) {
        return chunks.error();
    }
    for (std::uint32_t chunk = 0; chunk < sample.manifest->layout().chunks; ++chunk) {
        if (std::ranges::find(*chunks, chunk) == chunks->end()) {
            auto const stored = part.store(chunk, sample.chunk(chunk));
            if (!stored) {
                return stored.error();
            }
        }
    }
    return part.finish();
}

/// What stands in the directory before a download begins.
struct Scenario {
    Sample const* sample;
    std::string name = "file";
    bool replace = false;
    bool repair = false;
    Durability durability = Durability::power;
    std::string old{};  ///< under the final name
    bool interrupted = false;
    bool like_fat = false;
};

Sample const& two() {
    static Sample const two = sample(chunk_bytes + 100);
    return two;
}

Sample const& one() {
    static Sample const one = sample(1000);
    return one;
}

Sample const& none() {
    static Sample const none = sample(0);
    return none;
}

std::string damaged() {
    auto bytes = two().bytes;
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    return bytes;
}

class World {
  public:
    explicit World(Scenario const& scenario) : scenario_(scenario) {
        if (!scenario.old.empty()) {
            write(disk_.root / scenario.name, scenario.old);
        }
        if (scenario.interrupted) {
            static_cast<void>(disk_.interrupted(*scenario.sample, {0}));
        }
    }

    Result<swarm::IndexedFile> fetch() {
        auto target = disk_.target(*scenario_.sample, scenario_.name, scenario_.replace);
        target.repair = scenario_.repair;
        target.durability = scenario_.durability;
        return ::fetch(target, *scenario_.sample);
    }

    /// Nothing wrong under the final name, and nothing else but what `cleanup` knows.
    void check_files(bool succeeded) const {
        auto const file = disk_.root / scenario_.name;
        bool const there = fs::exists(file);
        bool const whole = there && read(file) == scenario_.sample->bytes;
        bool const old = there && !scenario_.old.empty() && read(file) == scenario_.old;
        CHECK((whole || (!succeeded && (!there || old))));
        for (auto const& entry : fs::recursive_directory_iterator(disk_.root)) {
            auto const leaf = entry.path().filename().string();
            bool const known = entry.is_directory() || entry.path() == file ||
                               temporary_kind(leaf) != Temporary::none;
            CHECK(known);
        }
    }

    void check_clean() const { CHECK(disk_.temporaries().empty()); }

    /// Of an empty file that holds the name, should that be left, for the next run to remove.
    [[nodiscard]] bool is_reserved() const {
        auto const file = disk_.root / scenario_.name;
        auto const claims = disk_.temporaries();
        return fs::exists(file) && fs::file_size(file) == 0 &&
               std::ranges::any_of(claims,
                                   [](auto const& path) { return path.extension() == ".claim"; });
    }

  private:
    Scenario const& scenario_;
    TempDisk disk_;
};

bool names_it(Error const& error, files::Fault const& fault) {
    auto const words = words_of(fault.error);
    return std::ranges::any_of(words, [&](std::string const& word) {
        return error.message.find(word) != std::string::npos;
    });
}

template <typename Faults>
bool try_fault(Scenario const& scenario, std::size_t number, files::Fault const& fault) {
    World world(scenario);
    Result<swarm::IndexedFile> result = Error{};
    std::string hit;
    {
        Faults const faults(number, fault);
        result = world.fetch();
        hit = faults.hit();
    }
    if (hit.empty()) {
        return false;
    }
    CAPTURE(number, hit, fault.error, fault.bytes_most);
    if (!result) {
        CAPTURE(result.error().message);
        CHECK(result.error().code == Errc::disk);
        auto const first = "'" + scenario.name.substr(0, scenario.name.find('/'));  // or all of it
        CHECK_THAT(result.error().message,
                   ContainsSubstring(first) || ContainsSubstring("the directory '"));
        CHECK(names_it(result.error(), fault));
    }
    CHECK((fault.error != EINTR || result.ok()));
    if (!world.is_reserved()) {
        world.check_files(result.ok());
    }
    auto const again = world.fetch();
    CHECK(again.ok());
    world.check_files(true);
    world.check_clean();
    return true;
}

/// Every call of it fails once, in every way; the next try makes it good.
void fail_each_call_of(Scenario const& scenario) {
    std::size_t calls = 0;
    for (auto const& fault : disk_faults()) {
        for (std::size_t number = 0;; ++number) {
            bool const there = scenario.like_fat ? try_fault<LikeFat>(scenario, number, fault)
                                                 : try_fault<FaultAt>(scenario, number, fault);
            if (!there) {
                calls = std::max(calls, number);
                break;
            }
        }
    }
    CHECK(calls >= 5);
}

}  // namespace

TEST_CASE("Any call fails while a new file is downloaded: the next try makes it good") {
    fail_each_call_of({.sample = &two()});
}

TEST_CASE("Any call fails while a file is downloaded unsynced: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .durability = Durability::process});
}

TEST_CASE("Any call fails while a small file comes to new directories: the next try is good") {
    fail_each_call_of({.sample = &one(), .name = "a/b/file"});
}

TEST_CASE("Any call fails while an empty file is downloaded: the next try makes it good") {
    fail_each_call_of({.sample = &none()});
}

TEST_CASE("Any call fails while a download is resumed: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .interrupted = true});
}

TEST_CASE("Any call fails while a file is repaired: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .repair = true, .old = damaged()});
}

TEST_CASE("Any call fails while a file is replaced: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .replace = true, .old = "old"});
}

TEST_CASE("Any call fails while a file is found to be there: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .old = two().bytes});
}

TEST_CASE("Any call fails on a disk like FAT: the next try makes it good") {
    fail_each_call_of({.sample = &two(), .like_fat = true});
}

TEST_CASE("Any call fails for a small file on a disk like FAT: the next try makes it good") {
    fail_each_call_of({.sample = &one(), .like_fat = true});
}
