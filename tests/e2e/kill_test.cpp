// The program is killed before each system call that a download makes in its directory; what the
// disk holds then is enough for the next run.
#include "catch.hpp"
#include "swarm.hpp"
#include "traced.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <set>
#include <utility>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t chunk_bytes = mib / 8;
/// Chunks that a program writes at once: they may be written and not yet noted when it ends.
constexpr std::uint64_t at_once = 2;
/// No download here makes so many calls of one kind on one file, in one thread.
constexpr unsigned calls_most = 60;

/// A file that others have, and a directory to download it to.
class KillWorld {
  public:
    KillWorld(std::uint64_t size, Words its_options)
        : bytes_(noise(size)), options_(std::move(its_options)) {
        write_file(swarm_.directory("a") / "sub/file", bytes_);
        source_ = std::make_unique<Source>(swarm_, "a");
    }

    /// Why it cannot be tested here; empty: it can.
    [[nodiscard]] std::string const& problem() const { return traced_.problem(); }

    /// Empties the directory.
    void begin(std::string const& old = {}) const {
        fs::remove_all(sink());
        fs::create_directories(sink());
        if (!old.empty()) {
            write_file(file(), old);
        }
    }

    [[nodiscard]] Ended download() const { return run_to_end(XFS_PEER_PROGRAM, peer()); }

    [[nodiscard]] Ended killed_at(Site const& site, unsigned number) const {
        return traced_.killed_at(peer(), site, number);
    }

    [[nodiscard]] std::set<Site> sites() const { return traced_.sites(peer(), sink()); }

    [[nodiscard]] std::string const& bytes() const { return bytes_; }

    [[nodiscard]] fs::path sink() const { return swarm_.path() / "sink"; }

    [[nodiscard]] fs::path file() const { return sink() / "sub/file"; }

    /// Of the temporaries, whatever they are.
    [[nodiscard]] std::vector<fs::path> others() const {
        std::vector<fs::path> found;
        for (auto const& entry : fs::recursive_directory_iterator(sink())) {
            if (entry.is_regular_file() && entry.path() != file()) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// How many chunks of a file are right; `but` of those that another does not have right.
    [[nodiscard]] std::uint64_t right_chunks(std::string const& held,
                                             std::string const& but = {}) const {
        std::uint64_t right = 0;
        for (std::uint64_t at = 0; at < bytes_.size(); at += chunk_bytes) {
            auto const wanted = std::string_view(bytes_).substr(at, chunk_bytes);
            auto const is_in = [&](std::string const& some) {
                return at < some.size() && std::string_view(some).substr(at, chunk_bytes) == wanted;
            };
            right += is_in(held) && !is_in(but) ? 1 : 0;
        }
        return right;
    }

  private:
    [[nodiscard]] Process::Options peer() const {
        auto command = std::string("download sub/file");
        for (auto const& option : options_) {
            command += " " + option;
        }
        auto peer = swarm_.peer({"--json", "--durability", "power", "-c", command});
        peer.directory = sink();
        return peer;
    }

    Swarm swarm_;
    std::string bytes_;
    Words options_;
    std::unique_ptr<Source> source_;
    Traced traced_{swarm_.path() / "strace.log"};
};

/// What stood there before a download.
struct Before {
    std::string old{};        ///< under the final name
    std::uint64_t kills = 0;  ///< of earlier runs
};

/// What is to be right whenever it was killed.
void check_after_kill(KillWorld const& world, Before const& before) {
    auto const& old = before.old;
    auto const there = fs::exists(world.file());
    bool const whole = there && holds(world.file(), world.bytes());
    bool const unchanged = old.empty() ? !there : there && holds(world.file(), old);
    CHECK((whole || unchanged));

    std::string part;
    for (auto const& other : world.others()) {
        part = other.extension() == ".part" ? read_file(other) : part;
    }
    auto const chunks = (world.bytes().size() + chunk_bytes - 1) / chunk_bytes;
    auto const here = world.right_chunks(old) + world.right_chunks(part, old);
    auto const again = world.download();
    REQUIRE(again.code == 0);
    auto const report = again.event("downloaded");
    CHECK(holds(world.file(), world.bytes()));
    CHECK(world.others().empty());
    auto const fetched = report.at("bytes_fetched").get<std::uint64_t>();
    auto const lost = std::min(here, at_once * (before.kills + 1));
    CHECK(fetched <= (whole ? 0 : chunks - here + lost) * chunk_bytes);
}

/// Kills a download at all its sites, one after the other; how often. `prepare`: makes the
/// directory what it is before each.
unsigned kill_at_all(KillWorld const& world, std::function<void()> const& prepare,
                     Before const& before = {}) {
    prepare();
    unsigned kills = 0;
    for (auto const& site : world.sites()) {
        for (unsigned number = 1;; ++number) {
            REQUIRE(number < calls_most);
            CAPTURE(site.first, site.second, number);
            prepare();
            auto const ended = world.killed_at(site, number);
            if (ended.code == 0) {
                CHECK(number > 1);
                CHECK(holds(world.file(), world.bytes()));
                break;
            }
            REQUIRE(ended.code == -SIGKILL);
            ++kills;
            check_after_kill(world, before);
        }
    }
    return kills;
}

/// With some damage in three chunks.
std::string damaged(std::string bytes) {
    for (auto const chunk : {0U, 5U, 11U}) {
        bytes.at(chunk * chunk_bytes + 1000) ^= 1;
    }
    return bytes;
}

}  // namespace

TEST_CASE("A download that is killed at any system call goes on with what it has stored") {
    KillWorld const world(3 * mib - 1000, {});
    if (auto const problem = world.problem(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    CHECK(kill_at_all(world, [&] { world.begin(); }) >= 30);
}

TEST_CASE("A download of a small file may be killed at any system call") {
    KillWorld const world(1000, {});
    if (auto const problem = world.problem(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    CHECK(kill_at_all(world, [&] { world.begin(); }) >= 8);
}

TEST_CASE("A repair that is killed at any system call leaves the old file or the right one") {
    KillWorld const world(3 * mib - 1000, {"--repair"});
    if (auto const problem = world.problem(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    auto const old = damaged(world.bytes());
    CHECK(kill_at_all(world, [&] { world.begin(old); }, {.old = old}) >= 30);
}

TEST_CASE("A download that goes on may be killed again, at any system call") {
    KillWorld const world(3 * mib - 1000, {});
    if (auto const problem = world.problem(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    world.begin();
    auto const sites = world.sites();
    auto const note = std::ranges::find(sites, "write", &Site::first);
    REQUIRE(note != sites.end());
    auto const interrupted = [&] {
        world.begin();
        REQUIRE(world.killed_at(*note, 3).code == -SIGKILL);
    };
    CHECK(kill_at_all(world, interrupted, {.kills = 1}) >= 15);
}
