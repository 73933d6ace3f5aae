// Each call that SQLite makes on the cache's file fails, once or from then on.
#include "catch.hpp"
#include "share_fixture.hpp"

#include <atomic>
#include <cerrno>

#include <sqlite3.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

/// What SQLite is to meet with. Its calls have no place for more than this.
struct State {
    std::atomic<std::size_t> count{0};
    std::size_t first = 0;
    int error = 0;
    bool lasting = false;

    bool fails() {
        auto const number = count++;
        bool const now = number == first || (lasting && number > first);
        errno = now ? error : errno;
        return now;
    }
};

State state;

/// What SQLite calls without faults.
template <char const* name>
sqlite3_syscall_ptr real = nullptr;

/// Any call of the system that returns a number, negative if it fails.
template <char const* name, typename Result, typename... Arguments>
Result call(Arguments... arguments) {
    return state.fails() ? Result{-1}
                         : reinterpret_cast<Result (*)(Arguments...)>(real<name>)(arguments...);
}

constexpr char open_name[] = "open";
constexpr char read_name[] = "read";
constexpr char write_name[] = "write";
constexpr char pread_name[] = "pread";
constexpr char pread64_name[] = "pread64";
constexpr char pwrite_name[] = "pwrite";
constexpr char pwrite64_name[] = "pwrite64";
constexpr char ftruncate_name[] = "ftruncate";
constexpr char fstat_name[] = "fstat";

/// The calls of SQLite on files fail as it says, until the end of the scope.
class SqliteFaults {
  public:
    SqliteFaults(std::size_t first, int error, bool lasting) {
        state.count = 0;
        state.first = first;
        state.error = error;
        state.lasting = lasting;
        set<open_name>(call<open_name, int, char const*, int, int>);
        set<read_name>(call<read_name, ssize_t, int, void*, std::size_t>);
        set<write_name>(call<write_name, ssize_t, int, void const*, std::size_t>);
        set<pread_name>(call<pread_name, ssize_t, int, void*, std::size_t, off_t>);
        set<pread64_name>(call<pread64_name, ssize_t, int, void*, std::size_t, off64_t>);
        set<pwrite_name>(call<pwrite_name, ssize_t, int, void const*, std::size_t, off_t>);
        set<pwrite64_name>(call<pwrite64_name, ssize_t, int, void const*, std::size_t, off64_t>);
        set<ftruncate_name>(call<ftruncate_name, int, int, off_t>);
        set<fstat_name>(call<fstat_name, int, int, struct stat*>);
    }

    ~SqliteFaults() {
        auto* const vfs = sqlite3_vfs_find(nullptr);
        vfs->xSetSystemCall(vfs, nullptr, nullptr);  // all are the system's again
    }

    SqliteFaults(SqliteFaults const&) = delete;
    SqliteFaults& operator=(SqliteFaults const&) = delete;

    [[nodiscard]] static bool hit() { return state.count > state.first; }

  private:
    template <char const* name, typename Function>
    static void set(Function function) {
        auto* const vfs = sqlite3_vfs_find(nullptr);
        real<name> = vfs->xGetSystemCall(vfs, name);
        if (real<name> != nullptr) {  // else it makes no such call in this build
            vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function));
        }
    }
};

/// Some files, and what they are.
struct Files : Share {
    Files() {
        for (auto const* name : {"one", "two", "sub/three"}) {
            write_old(root / name, name);
        }
        cache.swap(kept);
        scan(truth);
        cache.swap(kept);
    }

    /// Starts an index and lets it end; how many files it had to read.
    std::uint64_t restart(Collector& collector) {
        scan(collector);
        CHECK(collector.names() == truth.names());
        for (auto const& name : truth.names()) {
            CHECK(collector.file(name).content == truth.file(name).content);
        }
        return collector.last_scan().hashed;
    }

    Collector truth;

  private:
    std::filesystem::path kept;
};

/// False if there are fewer calls.
bool try_fault(std::size_t number, int error, bool lasting, bool cached) {
    Files files;
    if (cached) {
        Collector first;
        CHECK(files.restart(first) == 3);
    }
    CAPTURE(number, error, lasting, cached);
    Collector collector;
    bool hit = false;
    {
        SqliteFaults const faults(number, error, lasting);
        auto const hashed = files.restart(collector);
        hit = SqliteFaults::hit();
        CHECK((hashed == 3 || (cached && hashed == 0)));
        // Some calls SQLite can do without; but a cache that is not used is told.
        CHECK((!cached || hashed == 0 || collector.warned("cache file '") > 0));
    }
    {
        std::lock_guard const lock(collector.mutex);
        for (auto const& warning : collector.warnings) {
            CHECK_THAT(warning, ContainsSubstring("cache file '" + files.cache.string() + "' "));
        }
    }
    Collector again;
    auto const hashed = files.restart(again);
    CHECK(
        (hashed == 0 || collector.warned("cache file '") > 0 || again.warned("cache file '") > 0));
    Collector last;
    CHECK(files.restart(last) == 0);
    CHECK(last.warned() == 0);
    return hit;
}

void try_all(bool lasting) {
    bool const cached = GENERATE(false, true);
    int const error = GENERATE(EIO, ENOSPC, EACCES);
    std::size_t calls = 0;
    while (try_fault(calls, error, lasting, cached)) {
        ++calls;
    }
    CHECK(calls >= 10);
}

}  // namespace

// SQLite has no hook for fsync().

TEST_CASE("Whatever call on the cache fails, the index goes on, and says if it has none") {
    try_all(false);
}

TEST_CASE("Whenever all calls on the cache begin to fail, the index goes on, and says so") {
    try_all(true);
}
