// Each call on files that the index makes fails once, in every way.
#include "catch.hpp"
#include "faults.hpp"
#include "share_fixture.hpp"
#include "storage/sight.hpp"

#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

using Texts = std::map<std::string, std::string>;

/// Nobody can say then that something is there and left out.
bool says_gone(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/// Loaded before any call fails.
std::shared_ptr<policies::HashAlgorithm const> sha256() {
    static auto const loaded = algorithm();
    return loaded;
}

wire::ContentId content_of(std::string const& text) {
    static std::map<std::string, wire::ContentId> known;
    auto const found = known.find(text);
    if (found != known.end()) {
        return found->second;
    }
    Share const share;
    write_old(share.root / "file", text);
    Collector collector;
    share.scan(collector);
    return known[text] = collector.file("file").content;
}

/// A share with an index that has seen it, or has not yet.
class World {
  public:
    World() {
        static_cast<void>(sha256());
        share.cache.clear();  // none
        for (auto const& [name, text] : texts_) {
            write(name, text);
        }
    }

    ~World() { index_.reset(); }

    World(World const&) = delete;
    World& operator=(World const&) = delete;

    /// As if it had been done some time ago.
    void write(std::string const& name, std::string const& text) {
        write_old(share.root / name, text, std::chrono::seconds(10 + ++writes_));
        texts_[name] = text;
        allowed_[name].insert(content_of(text));
    }

    void remove(std::string const& name) {
        fs::remove(share.root / name);
        texts_.erase(name);
    }

    /// True if it could be started.
    bool start(bool watch = false) {
        auto events = collector.events();
        events.on_changed = [this, forward = events.on_changed](auto added, auto removed) {
            collector.change(
                [&] { reported_.insert(reported_.end(), added.begin(), added.end()); });
            forward(added, removed);
        };
        auto index = ShareIndex::start({share.root, share.cache, sha256(), watch, 1}, events);
        error = index ? "" : index.error().message;
        index_ = index ? std::move(*index) : nullptr;
        return index_ != nullptr;
    }

    void start_and_scan(bool watch = false) {
        if (start(watch)) {
            REQUIRE(collector.wait_for_scans(1));
        }
    }

    void rescan() {
        auto const scanned = std::make_shared<std::promise<void>>();
        index_->rescan([scanned](ScanSummary const&) { scanned->set_value(); });
        REQUIRE(scanned->get_future().wait_for(std::chrono::seconds(20)) ==
                std::future_status::ready);
    }

    [[nodiscard]] ShareIndex& index() { return *index_; }

    void arm(std::size_t number, files::Fault fault) { faults_.emplace(number, fault); }

    /// What has been hit; from now on nothing fails.
    std::string disarm() {
        faults_->disarm();
        return faults_->hit();
    }

    /// Nothing wrong was ever reported.
    void check_reports() {
        std::lock_guard const lock(collector.mutex);
        for (auto const& file : reported_) {
            CAPTURE(file.name);
            CHECK(allowed_[file.name].contains(file.content));
        }
    }

    [[nodiscard]] bool is_known(std::string const& name) {
        std::lock_guard const lock(collector.mutex);
        auto const found = collector.files.find(name);
        return found != collector.files.end() && found->second.content == content_of(texts_[name]);
    }

    /// Everything that is there and not known as it is has been warned of, with the reason.
    void check_left_out(int why_not) {
        for (auto const& [name, text] : texts_) {
            if (is_known(name) || says_gone(why_not)) {
                continue;
            }
            CAPTURE(name);
            auto const why = storage::errno_text(why_not);
            auto const directory = "'" + name.substr(0, name.find('/')) + "' is left out: " + why;
            CHECK((collector.warned("'" + name + "' is left out: " + why) > 0 ||
                   collector.warned(directory) > 0 ||
                   collector.warned("the shared directory is left out: " + why) > 0 ||
                   collector.warned("cannot be reached (" + why + ")") > 0));
        }
    }

    void check_whole_truth() {
        std::set<std::string> there;
        for (auto const& [name, text] : texts_) {
            CAPTURE(name);
            CHECK(is_known(name));
            there.insert(name);
        }
        auto const names = collector.names();
        CHECK(std::set<std::string>(names.begin(), names.end()) == there);
    }

    Share share;
    Collector collector;
    std::string error;

  private:
    Texts texts_{{"one", "1"}, {"two", std::string(400'000, '2')}, {"sub/three", "3"}};
    std::map<std::string, std::set<wire::ContentId>> allowed_;
    std::vector<swarm::IndexedFile> reported_;
    int writes_ = 0;
    std::optional<FaultAt> faults_;
    std::unique_ptr<ShareIndex> index_;  // ends before what it is told, and before the faults
};

/// What the index does while a call fails, and what it did before.
struct Scenario {
    std::function<void(World&)> before;
    std::function<void(World&)> act;
};

/// Of the shortages, which are all waited for in one way, only one.
std::vector<files::Fault> all_faults() {
    return {{EIO},   {EACCES}, {EPERM},  {ESTALE}, {EINVAL}, {ENOSYS}, {EDQUOT}, {ENOSPC},
            {EFBIG}, {ENOLCK}, {ENOENT}, {ELOOP},  {EINTR},  {ENOMEM}, {0, 1},   {0, 1000}};
}

bool try_fault(Scenario const& scenario, std::size_t number, files::Fault const& fault) {
    World world;
    scenario.before(world);
    world.arm(number, fault);
    scenario.act(world);
    auto const hit = world.disarm();
    CAPTURE(number, hit, fault.error, fault.bytes_most, world.error);
    if (!world.error.empty()) {
        CHECK_THAT(world.error, ContainsSubstring(storage::errno_text(fault.error)) &&
                                    ContainsSubstring(world.share.root.string()));
        CHECK(world.start());
    } else {
        world.check_left_out(fault.error);
        bool const watching = hit.starts_with("inotify") && !says_gone(fault.error);
        CHECK((!watching || fault.error == EINTR || fault.error == 0 ||
               world.collector.warned(storage::errno_text(fault.error)) > 0));
    }
    world.rescan();
    world.check_whole_truth();
    world.check_reports();
    return !hit.empty();
}

/// Lets each call fail, one after the other, in all these ways.
void try_all(Scenario const& scenario, std::vector<files::Fault> const& faults = all_faults()) {
    for (auto const& fault : faults) {
        std::size_t calls = 0;
        while (try_fault(scenario, calls, fault)) {
            ++calls;
        }
        CHECK(calls >= 5);
    }
}

/// Waits until the index knows the file as it is, or not at all.
void wait_for_look(World& world, std::string const& name, std::string const& text) {
    CHECK(world.collector.wait([&] {
        auto const found = world.collector.files.find(name);
        return found == world.collector.files.end() || found->second.content == content_of(text);
    }));
}

}  // namespace

// After each of them the index says what it leaves out and why, and a scan finds the whole truth.

TEST_CASE("Any call may fail in the first scan") {
    try_all({.before = [](World&) {}, .act = [](World& world) { world.start_and_scan(); }});
}

TEST_CASE("Any call may fail in the first scan of what the cache knows") {
    try_all({.before =
                 [](World& world) {
                     world.share.cache = world.share.dir.path() / "cache.sqlite";
                     Collector first;
                     world.share.scan(first);
                 },
             .act = [](World& world) { world.start_and_scan(); }},
            {{EIO}, {ENOENT}, {0, 1}});
}

TEST_CASE("Any call may fail when the index begins to watch") {
    try_all({.before = [](World&) {}, .act = [](World& world) { world.start_and_scan(true); }},
            {{EIO}, {EMFILE}, {ENOSPC}, {ENOENT}});
}

TEST_CASE("Any call may fail in a later scan") {
    try_all({.before =
                 [](World& world) {
                     world.start_and_scan();
                     world.write("one", "one");
                     world.write("new/four", "4");
                     world.remove("two");
                 },
             .act = [](World& world) { world.rescan(); }});
}

TEST_CASE("Any call may fail when a file is looked at again") {
    try_all({.before =
                 [](World& world) {
                     world.start_and_scan();
                     world.write("sub/three", "three");
                 },
             .act =
                 [](World& world) {
                     world.index().recheck("sub/three");
                     wait_for_look(world, "sub/three", "three");
                 }});
}

TEST_CASE("Any call may fail when a file is seen to be written") {
    static_cast<void>(content_of("three"));  // is found out while no call fails
    try_all({.before = [](World& world) { world.start_and_scan(true); },
             .act =
                 [](World& world) {
                     world.write("sub/three", "three");
                     wait_for_look(world, "sub/three", "three");
                 }},
            {{EIO}, {ENOENT}, {0, 1}});
}
