// Two downloads of one peer, while a call on the disk fails that one of them makes: each call once,
// in every way. It costs that one alone, and the same command succeeds when nothing fails.
#include "downloader.hpp"
#include "faults.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs;
using namespace xfsbus::peer::jobs::test;
using xfsbus::test::disk_faults;
using xfsbus::test::FaultAt;

namespace fs = std::filesystem;

namespace {

/// What is fetched, and what of it is there before.
struct Wanted {
    std::string name;
    std::size_t bytes = 0;
    unsigned seed = 0;
    bool damaged = false;      ///< under its name, and to be repaired
    bool interrupted = false;  ///< some chunks have come before

    [[nodiscard]] Sample const& content() const {
        static std::map<std::pair<std::size_t, unsigned>, Sample> made;
        auto const found = made.find({bytes, seed});
        return found != made.end()
                   ? found->second
                   : made.emplace(std::pair(bytes, seed), sample(bytes, seed)).first->second;
    }
};

using Both = std::array<Wanted, 2>;

class TwoDownloads {
  public:
    explicit TwoDownloads(Both const& both) : both_(both) {
        auto& source = sut_.add_peer();
        for (auto const& wanted : both) {
            sut_.share(source, wanted.name, wanted.content());
        }
        for (auto const& wanted : both) {
            prepare(wanted);
        }
    }

    /// Both at once; which of them failed.
    std::vector<std::size_t> fetch() {
        std::array const jobs{sut_.start(order(0)), sut_.start(order(1))};
        REQUIRE(sut_.time.pass_until([&] { return jobs[0].done() && jobs[1].done(); }));
        std::vector<std::size_t> failed;
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            if (!is_there(i, jobs[i])) {
                failed.push_back(i);
            }
        }
        return failed;
    }

    void fetch_again(std::size_t which) {
        auto const job = sut_.run(order(which));
        CHECK(is_there(which, job));
    }

    void check_clean() const {
        for (auto const& entry : fs::recursive_directory_iterator(sut_.directory.path())) {
            CHECK_FALSE(entry.path().filename().string().starts_with(".xfs-"));
        }
    }

  private:
    void prepare(Wanted const& wanted) {
        auto const path = sut_.directory.path() / wanted.name;
        if (wanted.damaged) {
            fs::create_directories(path.parent_path());
            auto bytes = wanted.content().bytes;
            bytes.back() = static_cast<char>(bytes.back() ^ 1);
            std::ofstream(path, std::ios::binary) << bytes;
        }
        if (wanted.interrupted) {
            auto const job = sut_.start(Downloader::order(wanted.name));
            sut_.pass_until_stored(job, chunk_bytes);
            job.task->cancel();
            REQUIRE(sut_.time.pass_until([&] { return job.done(); }));
        }
    }

    [[nodiscard]] DownloadTask::Order order(std::size_t which) const {
        auto wanted = Downloader::order(both_[which].name);
        wanted.repair = both_[which].damaged;
        return wanted;
    }

    /// Else it failed, with a word about the disk.
    bool is_there(std::size_t which, Downloader::Job const& job) const {
        auto const& wanted = both_[which];
        auto const file = job.file();
        if (!file.error) {
            CHECK(sut_.read(wanted.name) == wanted.content().bytes);
            return true;
        }
        CAPTURE(file.error->message);
        CHECK(file.error->code == Errc::disk);
        return false;
    }

    Both const& both_;
    Downloader sut_;
};

/// False: fewer calls are made.
bool try_fault(Both const& both, std::size_t number, files::Fault const& fault) {
    TwoDownloads world(both);
    std::vector<std::size_t> failed;
    std::string hit;
    {
        FaultAt const faults(number, fault);
        failed = world.fetch();
        hit = faults.hit();
    }
    CAPTURE(number, hit, fault.error, fault.bytes_most);
    CHECK(failed.size() <= 1);
    bool const hides = hit.empty() || fault.error == EINTR || fault.error == 0;
    CHECK((failed.empty() || !hides));
    for (std::size_t i = 0; i < both.size(); ++i) {
        world.fetch_again(i);  // of what is there it removes what could not be removed before
    }
    world.check_clean();
    return !hit.empty();
}

/// Each call fails with one in `step` of the faults, the next with others. That each fails with all
/// of them is tried where one download is alone (peer/storage).
void fail_each_call_of(Both const& both, std::size_t step) {
    auto const faults = disk_faults();
    std::size_t calls = 0;
    for (bool more = true; more; ++calls) {
        more = false;
        for (std::size_t i = calls % step; i < faults.size(); i += step) {
            more = try_fault(both, calls, faults[i]) || more;
        }
    }
    CHECK(calls > 15);
}

constexpr std::size_t seldom = 5;

}  // namespace

TEST_CASE("Any call fails for one of two downloads in a directory: the other ends well") {
    fail_each_call_of({{{"one", chunk_bytes + 100, 1}, {"two", chunk_bytes + 200, 2}}}, seldom);
}

TEST_CASE("Any call fails for one of two downloads in two directories: the other ends well") {
    fail_each_call_of({{{"a/one", chunk_bytes + 100, 1}, {"b/two", 1000, 2}}}, seldom);
}

TEST_CASE("Any call fails for one of two small downloads: the other ends well") {
    fail_each_call_of({{{"a/one", 900, 1}, {"a/two", 1000, 2}}}, 1);
}

TEST_CASE("Any call fails beside a repair, or in it: the other download ends well") {
    fail_each_call_of({{{"one", chunk_bytes + 100, 1, true}, {"two", chunk_bytes + 200, 2, false}}},
                      seldom);
}

TEST_CASE("Any call fails beside a download that is resumed, or in it: the other ends well") {
    fail_each_call_of(
        {{{"one", 2 * chunk_bytes + 100, 1, false, true}, {"two", chunk_bytes + 200, 2}}}, seldom);
}
