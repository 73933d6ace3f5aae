#include "serving/looker.hpp"

#include "../../bus/loop.hpp"
#include "index/share_index.hpp"
#include "storage/sight.hpp"
#include "temp_dir.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/messages.hpp>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::serving;
using wire::complete_ppm;

namespace fs = std::filesystem;

namespace {

using Have = std::vector<std::uint32_t>;

wire::ContentId content(unsigned number) {
    wire::ContentId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
    return id;
}

std::vector<wire::ContentId> contents(unsigned count) {
    std::vector<wire::ContentId> ids;
    for (unsigned i = 0; i < count; ++i) {
        ids.push_back(content(i));
    }
    return ids;
}

/// A share on disk, and who looks at it.
class Shared {
  public:
    Shared()
        : looker_(loop_.reactor(), disk_,
                  {.share = table,
                   .published = published,
                   .tree = tree_,
                   .partial_ppm = [this](auto const& id) { return id == partial ? 250'000U : 0U; },
                   .on_stale = [this](auto const& name) { stale.push_back(name); }}) {}

    /// A file of the share, as the index knows it.
    void add(std::string const& name, wire::ContentId const& id) {
        auto const path = directory.path() / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << name;
        auto const fd = tree_->open_file(name).value();
        table.put({name, id, nullptr, storage::stamp_of(fd.get()).value()});
    }

    /// One that the program publishes, and that stands elsewhere.
    void publish(std::string const& name, wire::ContentId const& id) {
        auto const bytes = std::make_shared<index::FileElsewhere const>(elsewhere.path() / name);
        std::ofstream(elsewhere.path() / name) << name;
        table.put({name, id, nullptr, bytes->stamp().value()});
        published.put(name, id, bytes);
    }

    /// The answer; what waited for its time is over then.
    Have ask(std::vector<wire::ContentId> ids, std::string const& address = "10.0.0.1") {
        std::optional<Have> answer;
        looker_.look_for(address, std::move(ids), [&](auto have) { answer = std::move(have); });
        loop_.until([&] { return answer.has_value(); });
        return *answer;
    }

    /// This peer's own question.
    Have look(std::vector<wire::ContentId> const& ids) {
        std::optional<Have> answer;
        looker_.look(ids, [&](auto have) { answer = std::move(have); });
        loop_.until([&] { return answer.has_value(); });
        return *answer;
    }

    /// Once the thread for the disk has done all that it was told.
    void settle(std::size_t stale_files) {
        loop_.until([&] { return stale.size() >= stale_files; });
    }

    test::TempDir directory;
    test::TempDir elsewhere;
    swarm::ShareTable table;
    index::Publications published;
    wire::ContentId partial = content(9999);
    std::vector<std::string> stale;

  private:
    std::shared_ptr<storage::Tree const> tree_ = storage::Tree::open(directory.path()).value();
    bus::Loop loop_;
    threads::Crew disk_{1, "look"};
    Looker looker_;
};

/// Meanwhile every file whose name ends so cannot be opened, for this reason; or, without one,
/// only when `go` is called.
class Trouble final : public files::Faults {
  public:
    explicit Trouble(std::string suffix, int error = 0)
        : suffix_(std::move(suffix)), error_(error) {
        files::set_faults(this);
    }

    ~Trouble() override {
        go();
        files::set_faults(nullptr);
        for (auto n = inside_.load(); n != 0; n = inside_.load()) {
            inside_.wait(n);
        }
    }

    Trouble(Trouble const&) = delete;
    Trouble& operator=(Trouble const&) = delete;

    void go() {
        if (!gate_.try_wait()) {
            gate_.count_down();
        }
    }

    files::Fault on_call(std::string_view call, int, std::string_view path) override {
        if (call != "openat" || !path.ends_with(suffix_)) {
            return {};
        }
        ++inside_;
        if (error_ == 0) {
            gate_.wait();
        }
        files::Fault const fault{.error = error_};
        --inside_;
        inside_.notify_all();
        return fault;
    }

  private:
    std::string suffix_;
    int error_;
    std::latch gate_{1};
    std::atomic<int> inside_{0};
};

}  // namespace

TEST_CASE("A file that is as it was when it was indexed is there, and an unknown content is not") {
    Shared share;
    share.add("a", content(1));
    share.add("dir/b", content(2));
    CHECK(share.ask({content(2), content(7), content(1)}) == Have{complete_ppm, 0, complete_ppm});
    CHECK(share.stale.empty());
}

TEST_CASE("A file that was removed, replaced or written to is not there, and is read again") {
    Shared share;
    for (auto const* name : {"removed", "replaced", "written"}) {
        share.add(name, content(static_cast<unsigned>(*name)));
        share.add(std::string("kept-") + name, content(100));
    }
    share.add("written", content(3));
    share.add("removed", content(1));
    share.add("replaced", content(2));
    fs::remove(share.directory.path() / "removed");
    fs::remove(share.directory.path() / "replaced");
    fs::create_directory(share.directory.path() / "replaced");
    std::ofstream(share.directory.path() / "written", std::ios::app) << "more";
    CHECK(share.ask({content(1), content(2), content(3)}) == Have{0, 0, 0});
    CHECK(share.stale == std::vector<std::string>{"removed", "replaced", "written"});
}

TEST_CASE("A content is there as long as one of its names is") {
    Shared share;
    share.add("one", content(1));
    share.add("two", content(1));
    fs::remove(share.directory.path() / "one");
    CHECK(share.ask({content(1)}) == Have{complete_ppm});
    CHECK(share.stale == std::vector<std::string>{"one"});
}

TEST_CASE("Of a content whose first names are gone, and that has more, nothing is said") {
    Shared share;
    for (std::size_t i = 0; i <= Looker::names_most; ++i) {
        share.add("name-" + std::to_string(i), content(1));
        fs::remove(share.directory.path() / ("name-" + std::to_string(i)));
    }
    share.add("other", content(2));
    CHECK(share.ask({content(2), content(1), content(2)}) == Have{complete_ppm});
    CHECK(share.stale.size() == Looker::names_most);
}

TEST_CASE("A content that is being fetched is there as far as it has come") {
    Shared share;
    CHECK(share.ask({share.partial}) == Have{250'000});
    share.add("whole", share.partial);
    CHECK(share.ask({share.partial}) == Have{complete_ppm});
    fs::remove(share.directory.path() / "whole");
    CHECK(share.ask({share.partial}) == Have{250'000});
}

TEST_CASE("Of files that cannot be opened for want of descriptors nothing is said") {
    Shared share;
    share.add("a", content(1));
    share.add("b", content(2));
    Trouble const trouble("b", EMFILE);
    CHECK(share.ask({content(1), content(2), content(1)}) == Have{complete_ppm});
    CHECK(share.stale.empty());
}

TEST_CASE("A disk that hangs keeps nobody waiting: what is known by then is the answer") {
    Shared share;
    share.add("a", content(1));
    share.add("hangs", content(2));
    share.add("gone", content(3));
    fs::remove(share.directory.path() / "gone");
    Trouble trouble("hangs");
    auto const begin = std::chrono::steady_clock::now();
    CHECK(share.ask({content(1), content(3), content(2)}) == Have{complete_ppm, 0});
    CHECK(std::chrono::steady_clock::now() - begin >= Looker::patience / 2);
    CHECK(share.ask({content(1)}).empty());  // it stands behind the other
    trouble.go();
    share.settle(1);
    CHECK(share.stale == std::vector<std::string>{"gone"});
    CHECK(share.ask({content(1)}) == Have{complete_ppm});
}

TEST_CASE("What waits for a disk that hangs is bounded, and more is answered at once") {
    Shared share;
    share.add("hangs", content(1));
    Trouble trouble("hangs");
    auto const many = contents(swarm::LookBudget::of_one_most);
    for (std::size_t asked = 0; asked < Looker::waiting_most; asked += many.size()) {
        CHECK(share.ask(many, std::to_string(asked)).size() <= 1);
    }
    auto const begin = std::chrono::steady_clock::now();
    CHECK(share.ask({content(1)}, "another").empty());
    CHECK(std::chrono::steady_clock::now() - begin < Looker::patience);
}

TEST_CASE("An address that asks too much is told nothing, and others are") {
    Shared share;
    share.add("a", content(0));
    CHECK(share.ask(contents(swarm::LookBudget::of_one_most), "10.0.0.1").size() ==
          swarm::LookBudget::of_one_most);
    CHECK(share.ask(contents(swarm::LookBudget::of_one_most), "10.0.0.1").size() <
          swarm::LookBudget::of_one_most);
    CHECK(share.ask({content(0)}, "10.0.0.2") == Have{complete_ppm});
}

TEST_CASE("What is published is looked at where it is, not in the directory") {
    Shared shared;
    shared.publish("one", content(1));
    shared.publish("two", content(2));
    std::ofstream(shared.elsewhere.path() / "two") << "changed";
    CHECK(shared.ask(contents(3)) == Have{0, complete_ppm, 0});
    shared.settle(1);
    CHECK(shared.stale == std::vector<std::string>{"two"});
}

TEST_CASE("What was looked at makes room for what is asked next") {
    Shared share;
    for (int i = 0; i < 6; ++i) {
        CHECK(share.look(contents(1000)).size() == 1000);
    }
}
