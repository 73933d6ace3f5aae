// What the cache knows is read beside the walk through the share.
#include "catch.hpp"
#include "share_fixture.hpp"

#include <xfsbus/files/system.hpp>

#include <array>
#include <atomic>

#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

std::vector<std::string> const share_leaves{"one", "two", "three"};

/// Lets the thread that reads the cache go on only when the walk has looked at all files of the
/// share; if it never does so, after a time that is enough for any machine.
class WalkFirst final : public files::Faults {
  public:
    WalkFirst() { files::set_faults(this); }

    ~WalkFirst() override { files::set_faults(nullptr); }

    WalkFirst(WalkFirst const&) = delete;
    WalkFirst& operator=(WalkFirst const&) = delete;

    files::Fault on_call(std::string_view /*call*/, int /*fd*/, std::string_view path) override {
        std::lock_guard const lock(mutex_);
        unseen_.erase(std::string(path));
        changed_.notify_all();
        return {};
    }

    void wait() {
        std::unique_lock lock(mutex_);
        reads_of_cache = true;
        if (walk_came &&
            !changed_.wait_for(lock, std::chrono::seconds(20), [&] { return unseen_.empty(); })) {
            walk_came = false;
        }
    }

    std::atomic<bool> reads_of_cache = false;
    std::atomic<bool> walk_came = true;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> unseen_{share_leaves.begin(), share_leaves.end()};
};

/// Whom SQLite's reads on the thread of the recall wait for, and what it reads with. Its calls
/// have no place for more than this.
WalkFirst* walk_first = nullptr;
ssize_t (*real_pread)(int, void*, std::size_t, off64_t) = nullptr;

ssize_t pread_after_walk(int fd, void* buffer, std::size_t bytes, off64_t offset) {
    std::array<char, 16> name{};
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    if (std::string_view(name.data()) == "xfs-recall") {
        walk_first->wait();
    }
    return real_pread(fd, buffer, bytes, offset);
}

/// SQLite reads so, until the end of the scope.
class HeldRecall {
  public:
    explicit HeldRecall(WalkFirst& until) {
        walk_first = &until;
        auto* const vfs = sqlite3_vfs_find(nullptr);
        for (auto const* const call : {"pread", "pread64"}) {  // of one size, as off_t has 64 bits
            if (auto const real = vfs->xGetSystemCall(vfs, call)) {
                real_pread = reinterpret_cast<decltype(real_pread)>(real);
                vfs->xSetSystemCall(vfs, call,
                                    reinterpret_cast<sqlite3_syscall_ptr>(pread_after_walk));
            }
        }
    }

    ~HeldRecall() {
        auto* const vfs = sqlite3_vfs_find(nullptr);
        vfs->xSetSystemCall(vfs, nullptr, nullptr);  // all are the system's again
    }

    HeldRecall(HeldRecall const&) = delete;
    HeldRecall& operator=(HeldRecall const&) = delete;
};

}  // namespace

TEST_CASE("A file that the walk finds before its record is read from the cache is not hashed") {
    Share const share;
    for (auto const& leaf : share_leaves) {
        write_old(share.root / leaf, leaf);
    }
    Collector first;
    share.scan(first);
    REQUIRE(first.last_scan().hashed == share_leaves.size());

    WalkFirst walk;
    HeldRecall const held(walk);
    Collector again;
    share.scan(again);
    CHECK(walk.reads_of_cache);
    CHECK(walk.walk_came);  // else it waits for the cache before it begins
    CHECK(again.last_scan().hashed == 0);
    CHECK(again.names() == first.names());
}
